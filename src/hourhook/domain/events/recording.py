"""Record the events of a change, with the ``changes`` between two representations (``docs/api/events.md``).

Pass the representations that a supervisor would get.
"""

from functools import cache
from typing import Any

import msgspec

from hourhook.delivery import event_log
from hourhook.store.transaction import Transaction


def diff(before: msgspec.Struct, after: msgspec.Struct) -> dict[str, list[object]]:
    """Compare two representations of one object: ``{key: [before, after]}``, without ``updated_at``."""
    changes = {}
    for name, key in _keys(type(after)):
        pair = [getattr(before, name), getattr(after, name)]
        if pair[0] != pair[1]:
            changes[key] = pair
    return changes


def record_creation(tx: Transaction, resource: str, created: msgspec.Struct) -> None:
    """Record the event ``RESOURCE.created``."""
    event_log.append(tx, f"{resource}.created", {}, created)


def record_update(
    tx: Transaction, resource: str, before: msgspec.Struct, after: msgspec.Struct, specific: str | None = None
) -> None:
    """Record ``RESOURCE.updated``, then the specific event if there is one; nothing if nothing changed."""
    changes = diff(before, after)
    if not changes:
        return
    event_log.append(tx, f"{resource}.updated", changes, after)
    if specific:
        event_log.append(tx, f"{resource}.updated.{specific}", changes, after)


def record_deletion(tx: Transaction, resource: str, deleted: msgspec.Struct, specific: str | None = None) -> None:
    """Record ``RESOURCE.deleted``, then the specific event if there is one; ``deleted`` is the last representation."""
    event_log.append(tx, f"{resource}.deleted", {}, deleted)
    if specific:
        event_log.append(tx, f"{resource}.deleted.{specific}", {}, deleted)


@cache
def _keys(type_: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (field.name, field.encode_name) for field in msgspec.structs.fields(type_) if field.name != "updated_at"
    )
