"""Names that callers choose from a list of ours: of events, and of the subjects of broadcasts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.declarations import ValidationErrors
from hourhook.domain.inputs.texts import TextField


@dataclass(frozen=True)
class EnumField(TextField):
    """One of these names; read as any text, so that an unknown one is told apart from what is no name at all."""

    options: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}


def check_known(errors: ValidationErrors, field: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    """Note ``missing`` for each of these names that is not among those we know."""
    for place, name in enumerate(names):
        if name not in known:
            errors.add(f"{field}[{place}]", "missing")
