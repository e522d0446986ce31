"""Lists, in any of their spellings."""

from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.field import BadParts, Kind
from hourhook.domain.inputs.numbers import NO_ID, OneId

# Ten of the largest pages at once.
LARGEST_LIST = 10_000

_ID = OneId()


class Ids(Kind):
    """A list of ids, in any of its spellings."""

    schema = {"type": "array", "items": {"type": "integer"}, "maxItems": LARGEST_LIST}

    def read(self, value: object) -> list[int]:
        if isinstance(value, str):
            return self.read_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        return _each(value, _ID.read, NO_ID)

    def read_query(self, texts: list[str]) -> list[int]:
        return [_ID.read(part) for part in _parts(texts)]


@dataclass(frozen=True)
class Several(Kind):
    """A list of texts, each of the given kind; in a query, or as one text, separated by commas."""

    kind: Kind

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.kind.schema, "maxItems": LARGEST_LIST}

    def read(self, value: object) -> list[Any]:
        if isinstance(value, str):
            return self.read_query([value])
        if not isinstance(value, list):
            raise ValueError("not a list")
        # A blank one keeps its place, since faults are reported by place.
        return ["" if element is None else element for element in _each(value, self.kind.read, None)]

    def read_query(self, texts: list[str]) -> list[Any]:
        return [self.kind.read(part) for part in _parts(texts)]


def _parts(texts: list[str]) -> list[str]:
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if len(parts) > LARGEST_LIST:
        raise ValueError("too long")
    return parts


def _each(values: list[object], read: Any, unreadable: Any) -> list[Any]:
    """The elements as they are read; what cannot be read keeps its place, and the rules judge the others."""
    if len(values) > LARGEST_LIST:
        raise ValueError("too long")
    found = []
    bad = []
    for place, value in enumerate(values):
        try:
            found.append(read(value))
        except ValueError:
            found.append(unreadable)
            bad.append(place)
    if bad:
        raise BadParts([(f"[{place}]", "invalid") for place in bad], found)
    return found
