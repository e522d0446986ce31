"""Colors of projects: input format and default palette."""

import re
from typing import Annotated, Any

from hourhook.domain.inputs.base import FieldType

# Easy to tell apart, and dark enough for white text.
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
    """A color in 3 or 6 hexadecimal digits, with or without ``#``; stored as ``#rrggbb``."""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_HEX.pattern}$"}

    def parse(self, value: object) -> str:
        match = _HEX.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError("not a color")
        digits = match[1].lower()
        return "#" + ("".join(2 * digit for digit in digits) if len(digits) == 3 else digits)


Color = Annotated[str, ColorField()]


def next_color(count: int) -> str:
    """Return the default color of the next project, if there are ``count`` already."""
    return PALETTE[count % len(PALETTE)]
