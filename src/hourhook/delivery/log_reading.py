"""Read the event log: the events of an account after a position, all of them or those of some types."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select, union_all

from hourhook.delivery.event_log import EVERYTHING, WEBHOOK_TYPES
from hourhook.store.schema import accounts, events
from hourhook.store.statements import Statement, in_subquery
from hourhook.store.transaction import Transaction


@dataclass(slots=True)
class LoggedEvent:
    """An event of the log; ``changes`` and ``object`` are the bytes that webhooks get."""

    position: int
    type: str
    created_at: int
    changes: bytes
    object: bytes
    # The event as streams send it, encoded for the first of them.
    frame: bytes | None = None

    @property
    def size(self) -> int:
        return len(self.changes) + len(self.object)


def read_after(
    tx: Transaction, account_id: int, after: int, limit: int, types: Collection[str] | None = None
) -> list[LoggedEvent]:
    """Return at most ``limit`` events with a position above ``after``, oldest first.

    ``types`` None means all, and ``*`` in it all but those about webhooks that it does not name.
    """
    excluded = frozenset() if types is None else frozenset(WEBHOOK_TYPES).difference(types)
    if types is None or EVERYTHING in types:
        rows = tx.all(_after_without(excluded), account=account_id, after=after, limit=limit)
    else:
        names = {f"type_{index}": type for index, type in enumerate(sorted(types))}
        rows = tx.all(_after_of_types(len(names)), account=account_id, after=after, limit=limit, **names)
    return [LoggedEvent(row.position, row.type, row.created_at, row.changes, row.object) for row in rows]


def last_position(tx: Transaction, account_id: int) -> int:
    """Return the position of the account's last event, 0 if there was none."""
    return int(tx.value(_LAST, account=account_id) or 0)


def first_position(tx: Transaction, account_id: int) -> int:
    """Return the position of the earliest event that is kept, or that of the next one if none is."""
    found = tx.value(_FIRST, account=account_id)
    return last_position(tx, account_id) + 1 if found is None else int(found)


def last_time(tx: Transaction, account_id: int) -> int:
    """Return when the account's last event happened, 0 if there was none."""
    return int(tx.value(_LAST_TIME, account=account_id) or 0)


def time_of(tx: Transaction, account_id: int, position: int) -> int | None:
    """Return when the event at a position happened; None if it is not kept, or has not happened yet."""
    found: int | None = tx.value(_TIME, account=account_id, position=position)
    return found


def first_position_since(tx: Transaction, account_id: int, timestamp: int, low: int, high: int) -> int:
    """Return the position of the first event at or after a timestamp, of those between two positions that are kept.

    If there is none, it is ``high + 1``. Times of events never decrease, and positions have no gaps.
    """
    while low <= high:
        middle = (low + high) // 2
        time = time_of(tx, account_id, middle)
        assert time is not None, "the events between two kept ones are kept"
        if time >= timestamp:
            high = middle - 1
        else:
            low = middle + 1
    return low


_COLUMNS = (events.c.position, events.c.type, events.c.created_at, events.c.changes, events.c.object)
_IS_AFTER = (events.c.account_id == bindparam("account"), events.c.position > bindparam("after"))
_LIMIT: Any = bindparam("limit")


@cache
def _after_without(excluded: frozenset[str]) -> Statement:
    """Return the statement for all types but a few, whose events are rare: it walks the log."""
    is_selected = [events.c.type != type for type in sorted(excluded)]
    return Statement(select(*_COLUMNS).where(*_IS_AFTER, *is_selected).order_by(events.c.position).limit(_LIMIT))


@cache
def _after_of_types(count: int) -> Statement:
    """Return the statement for a number of types: the first few of each, of which the first few of all.

    So it reads as many rows of the index as it returns for each type, and never walks a log in which they are rare.
    """
    of_each = [
        select(
            select(events.c.position)
            .where(*_IS_AFTER, events.c.type == bindparam(f"type_{index}"))
            .order_by(events.c.position)
            .limit(_LIMIT)
            .subquery(f"of_type_{index}")
        )
        for index in range(count)
    ]
    found = union_all(*of_each).subquery("found")
    first = select(found.c.position).order_by(found.c.position).limit(_LIMIT)
    return Statement(
        select(*_COLUMNS)
        .where(events.c.account_id == bindparam("account"), in_subquery(events.c.position, first))
        .order_by(events.c.position)
    )


_TIME = Statement(
    select(events.c.created_at).where(
        events.c.account_id == bindparam("account"), events.c.position == bindparam("position")
    )
)
_LAST = Statement(select(accounts.c.last_position).where(accounts.c.id == bindparam("account")))
_LAST_TIME = Statement(select(accounts.c.last_event_at).where(accounts.c.id == bindparam("account")))
_FIRST = Statement(select(func.min(events.c.position)).where(events.c.account_id == bindparam("account")))
