"""Events of nouns: what a change is called, and what is said of it (contract, events.md §2-§5).

Whatever is given here is the representation that a supervisor would get.
"""

from functools import cache
from typing import Any

import msgspec

from hourhook.delivery import event_log
from hourhook.store.transaction import Transaction


def diff(before: msgspec.Struct, after: msgspec.Struct) -> dict[str, list[object]]:
    """What differs between two representations of one object: ``{key: [before, after]}``, without ``updated_at``."""
    changed = {}
    for name, key in _keys(type(after)):
        pair = [getattr(before, name), getattr(after, name)]
        if pair[0] != pair[1]:
            changed[key] = pair
    return changed


def record_creation(tx: Transaction, noun: str, created: msgspec.Struct) -> None:
    """Record that an object came into being."""
    event_log.append(tx, f"{noun}.created", {}, created)


def record_update(
    tx: Transaction, noun: str, before: msgspec.Struct, after: msgspec.Struct, specific: str | None = None
) -> None:
    """Record what changed of an object, in general and then by the specific name; nothing when nothing did."""
    changed = diff(before, after)
    if not changed:
        return
    event_log.append(tx, f"{noun}.updated", changed, after)
    if specific:
        event_log.append(tx, f"{noun}.updated.{specific}", changed, after)


def record_deletion(tx: Transaction, noun: str, deleted: msgspec.Struct, specific: str | None = None) -> None:
    """Record that an object is gone; ``deleted`` is how it was just before."""
    event_log.append(tx, f"{noun}.deleted", {}, deleted)
    if specific:
        event_log.append(tx, f"{noun}.deleted.{specific}", {}, deleted)


@cache
def _keys(type_: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (field.name, field.encode_name) for field in msgspec.structs.fields(type_) if field.name != "updated_at"
    )
