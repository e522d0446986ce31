"""Scopes: what an application says it wants to do. They are stored and told, and nothing is refused for their lack.

(Contract, 00-conventions §14.)
"""

import json
from collections.abc import Collection, Iterable

SCOPES = ("current_user", "user:email", "project", "user", "entry", "tag", "import", "goal", "invoice")


def filter_known(names: Iterable[str]) -> list[str]:
    """Those of the names that are scopes, in their order, each once."""
    return [name for name in dict.fromkeys(names) if name in SCOPES]


def apply_changes(scopes: Iterable[str], *, add: Iterable[str], remove: Collection[str]) -> list[str]:
    """Scopes with some added to them, and then some taken away."""
    return [scope for scope in filter_known([*scopes, *add]) if scope not in remove]


def encode(scopes: Iterable[str]) -> str:
    """The text in which scopes are stored."""
    return json.dumps([*scopes])


def decode(stored: str | None) -> list[str]:
    """The scopes of a stored text; none where there is none."""
    return [] if stored is None else [str(scope) for scope in json.loads(stored)]
