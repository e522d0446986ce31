"""The field types of lists: JSON arrays, comma-separated strings, and repeated query parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.base import FieldType, PartialError
from hourhook.domain.inputs.numbers import NONEXISTENT_ID, IdField

# Ten of the largest pages at once.
MAX_LIST_ITEMS = 10_000

_ID = IdField()


class IdListField(FieldType):
    """A list of ids."""

    schema = {"type": "array", "items": {"type": "integer"}, "maxItems": MAX_LIST_ITEMS}

    def parse(self, value: object) -> list[int]:
        if isinstance(value, str):
            return self.parse_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        return _parse_each(value, _ID.parse, NONEXISTENT_ID)

    def parse_query(self, texts: list[str]) -> list[int]:
        return [_ID.parse(part) for part in _split(texts)]


@dataclass(frozen=True)
class ListField(FieldType):
    """A list of texts of one type."""

    item_type: FieldType

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item_type.schema, "maxItems": MAX_LIST_ITEMS}

    def parse(self, value: object) -> list[Any]:
        if isinstance(value, str):
            return self.parse_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        # A blank element keeps its index, because errors are reported by index.
        return ["" if element is None else element for element in _parse_each(value, self.item_type.parse, None)]

    def parse_query(self, texts: list[str]) -> list[Any]:
        return [self.item_type.parse(part) for part in _split(texts)]


def _split(texts: list[str]) -> list[str]:
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if len(parts) > MAX_LIST_ITEMS:
        raise ValueError("too long")
    return parts


def _parse_each(values: list[object], parse: Callable[[object], Any], placeholder: Any) -> list[Any]:
    """Parse the elements; the placeholder of an unreadable one keeps the index of the others."""
    if len(values) > MAX_LIST_ITEMS:
        raise ValueError("too long")
    parsed = []
    unreadable = []
    for index, value in enumerate(values):
        try:
            parsed.append(parse(value))
        except ValueError:
            parsed.append(placeholder)
            unreadable.append(index)
    if unreadable:
        raise PartialError([(f"[{index}]", "invalid") for index in unreadable], parsed)
    return parsed
