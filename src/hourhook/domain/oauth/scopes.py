"""OAuth scopes: recorded and shown, but not enforced (`docs/api/oauth.md#scopes`)."""

import json
from collections.abc import Collection, Iterable

SCOPES = ("current_user", "user:email", "project", "user", "entry", "tag", "import", "goal", "invoice")


def filter_known(names: Iterable[str]) -> list[str]:
    """Return the names that are scopes, in their order, without duplicates."""
    return [name for name in dict.fromkeys(names) if name in SCOPES]


def apply_changes(scopes: Iterable[str], *, add: Iterable[str], remove: Collection[str]) -> list[str]:
    """Add scopes, then remove others."""
    return [scope for scope in filter_known([*scopes, *add]) if scope not in remove]


def encode(scopes: Iterable[str]) -> str:
    """Encode scopes for storage."""
    return json.dumps([*scopes])


def decode(stored: str | None) -> list[str]:
    """Decode stored scopes; NULL means none."""
    return [] if stored is None else [str(scope) for scope in json.loads(stored)]
