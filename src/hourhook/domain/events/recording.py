"""Record the events of a change, with the ``changes`` between two representations (``docs/api/events.md``).

Pass the representations that a supervisor would get.
"""

from functools import cache

import msgspec
from msgspec.structs import FieldInfo

from hourhook.delivery import event_log
from hourhook.store.transaction import Transaction


def diff(before: msgspec.Struct, after: msgspec.Struct) -> dict[str, list[object]]:
    """Compare two representations of one object: ``{key: [before, after]}``, without ``updated_at``."""
    changes = {}
    for field in changing_fields(type(after)):
        pair = [getattr(before, field.name), getattr(after, field.name)]
        if pair[0] != pair[1]:
            changes[field.encode_name] = pair
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
def changing_fields(type_: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """Return the fields of a representation that ``changes`` may have as keys."""
    return tuple(field for field in msgspec.structs.fields(type_) if field.name != "updated_at")
