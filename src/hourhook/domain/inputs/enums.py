"""The field types with a fixed set of options, and the check of names that are listed one by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.base import FieldType
from hourhook.domain.inputs.error_messages import describe_name
from hourhook.domain.inputs.numbers import read_integer
from hourhook.domain.inputs.texts import TextField
from hourhook.domain.inputs.validation_errors import ValidationErrors


@dataclass(frozen=True)
class ChoiceField(FieldType):
    """One of a few words; any other is ``invalid``. ``aliases`` are older spellings, which are not documented."""

    options: tuple[str, ...]
    ignore_case: bool = False
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("not a string")
        word = value.lower() if self.ignore_case else value
        word = dict(self.aliases).get(word, word)
        if word not in self.options:
            raise ValueError("not an option")
        return word


@dataclass(frozen=True)
class IntegerChoiceField(FieldType):
    """One of a few integers; any other is ``invalid``."""

    options: tuple[int, ...]

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "enum": [*self.options]}

    def parse(self, value: object) -> int:
        number = read_integer(value)
        if number not in self.options:
            raise ValueError("not an option")
        return number


@dataclass(frozen=True)
class EnumField(TextField):
    """The name of an event or a broadcast subject.

    Any text is parsed: ``check_known`` reports an unknown name as ``missing``, where a malformed one is ``invalid``.
    """

    options: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}


def choice(*options: str, ignore_case: bool = False, **aliases: str) -> ChoiceField:
    """Return the field type of a few words: ``Role = Annotated[str, choice("leader", "coworker")]``."""
    return ChoiceField(options, ignore_case, (*aliases.items(),))


def integer_choice(*options: int) -> IntegerChoiceField:
    """Return the field type of a few integers."""
    return IntegerChoiceField(options)


def check_known(errors: ValidationErrors, field: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    """Add ``missing`` for each of these names that is not known."""
    for index, name in enumerate(names):
        if name not in known:
            errors.add(f"{field}[{index}]", "missing", describe_name(f"{field}[{index}]", known))
