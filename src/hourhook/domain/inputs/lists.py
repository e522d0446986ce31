"""Lists, in any of their spellings."""

from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.field import FieldType, PartialError
from hourhook.domain.inputs.numbers import NONEXISTENT_ID, IdField

# Ten of the largest pages at once.
MAX_LIST_ITEMS = 10_000

_ID = IdField()


class IdListField(FieldType):
    """A list of ids, in any of its spellings."""

    schema = {"type": "array", "items": {"type": "integer"}, "maxItems": MAX_LIST_ITEMS}

    def parse(self, value: object) -> list[int]:
        if isinstance(value, str):
            return self.parse_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        return _each(value, _ID.parse, NONEXISTENT_ID)

    def parse_query(self, texts: list[str]) -> list[int]:
        return [_ID.parse(part) for part in _parts(texts)]


@dataclass(frozen=True)
class ListField(FieldType):
    """A list of texts, each of the given kind; in a query, or as one text, separated by commas."""

    kind: FieldType

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.kind.schema, "maxItems": MAX_LIST_ITEMS}

    def parse(self, value: object) -> list[Any]:
        if isinstance(value, str):
            return self.parse_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        # A blank one keeps its place, since faults are reported by place.
        return ["" if element is None else element for element in _each(value, self.kind.parse, None)]

    def parse_query(self, texts: list[str]) -> list[Any]:
        return [self.kind.parse(part) for part in _parts(texts)]


def _parts(texts: list[str]) -> list[str]:
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if len(parts) > MAX_LIST_ITEMS:
        raise ValueError("too long")
    return parts


def _each(values: list[object], parse: Any, unreadable: Any) -> list[Any]:
    """The elements as they are read; what cannot be read keeps its place, and the rules judge the others."""
    if len(values) > MAX_LIST_ITEMS:
        raise ValueError("too long")
    found = []
    bad = []
    for place, value in enumerate(values):
        try:
            found.append(parse(value))
        except ValueError:
            found.append(unreadable)
            bad.append(place)
    if bad:
        raise PartialError([(f"[{place}]", "invalid") for place in bad], found)
    return found
