"""Names that callers choose from a list of ours: of events, and of the subjects of broadcasts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.declarations import Faults
from hourhook.domain.inputs.texts import Characters


@dataclass(frozen=True)
class KnownName(Characters):
    """One of these names; read as any text, so that an unknown one is told apart from what is no name at all."""

    options: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}


def refuse_unknown(faults: Faults, field: str, names: Iterable[str], known: tuple[str, ...]) -> None:
    """Note ``missing`` for each of these names that is not among those we know."""
    for place, name in enumerate(names):
        if name not in known:
            faults.add(f"{field}[{place}]", "missing")
