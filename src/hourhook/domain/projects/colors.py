"""Colours of projects: how they are written, and which one is next."""

import re
from typing import Annotated, Any

from hourhook.domain.inputs.base import FieldType

# Far apart from each other, and readable under white text.
PALETTE = (
    "#2f6fde",
    "#c2410c",
    "#15803d",
    "#a21caf",
    "#0e7490",
    "#b91c1c",
    "#6d28d9",
    "#4d7c0f",
    "#be185d",
    "#92400e",
    "#0f766e",
    "#475569",
)
_HEX = re.compile(r"#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


class ColorField(FieldType):
    """A colour in 3 or 6 hexadecimal digits, with or without ``#``; kept as ``#rrggbb``."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_HEX.pattern}$"}

    def parse(self, value: object) -> str:
        match = _HEX.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError("not a colour")
        digits = match[1].lower()
        return "#" + ("".join(2 * digit for digit in digits) if len(digits) == 3 else digits)


Color = Annotated[str, ColorField()]


def next_color(count: int) -> str:
    """The colour of the next of so many projects."""
    return PALETTE[count % len(PALETTE)]
