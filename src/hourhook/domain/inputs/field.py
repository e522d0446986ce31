"""A kind of input, whatever it is of, and what is raised where only some parts of one can be read."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class FieldType(ABC):
    """One kind of input. ``schema`` is its JSON Schema."""

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]: ...

    @abstractmethod
    def parse(self, value: object) -> Any:
        """Read a JSON value that is neither null nor empty; None means that it is blank all the same."""

    def parse_query(self, texts: list[str]) -> Any:
        """Read a query parameter from its texts, none of them empty; the last one counts."""
        return self.parse(texts[-1])


class PartialError(ValueError):
    """Some parts of a list or an object cannot be read.

    ``errors`` says which and why, as ``("[2]", "invalid")`` (places count from 0) or ``(".name", "missing_field")``.
    ``value`` is what could be read of the whole, where that tells the rules something; they find faults in it too.
    """

    def __init__(self, errors: Sequence[tuple[str, str]], value: object = None) -> None:
        super().__init__(", ".join(f"{part} {code}" for part, code in errors))
        self.errors = errors
        self.value = value
