"""The base class of field types, which parse and document one input, and the error for a partly readable value."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any


class FieldType(ABC):
    """How one input is read and documented; ``schema`` is its JSON Schema."""

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]: ...

    @abstractmethod
    def parse(self, value: object) -> Any:
        """Parse a JSON value that is neither null nor empty; None means that it counts as blank all the same.

        Raises ``ValueError`` for a value that is not of this type.
        """

    def parse_query(self, texts: list[str]) -> Any:
        """Parse a query parameter from its values, none of them empty; the last one counts."""
        return self.parse(texts[-1])


class PartialError(ValueError):
    """Some parts of a list or an object cannot be read.

    ``errors`` names the parts with their codes: ``("[2]", "invalid")`` (indexes count from 0) or
    ``(".name", "missing_field")``. ``value`` is the readable rest, in which the rules look for further errors.
    ``messages`` are those of the parts that have one; each begins with its part.
    """

    def __init__(
        self, errors: Sequence[tuple[str, str]], value: object = None, messages: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(", ".join(f"{part} {code}" for part, code in errors))
        self.errors = errors
        self.value = value
        self.messages = messages or {}
