"""Leases: each lane is leased by at most one worker. No account is locked here.

The unit of work is the lane, not the payload: so each webhook receives its payloads in order
(``docs/how-it-works.md#leases-and-settlements``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, exists, null, or_, select, update

from hourhook.clock import SECOND
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.store.schema import lanes, one_offs
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class DueCheck:
    """Whether any lane or one-off delivery can be leased now, and whether any is due later than it should be.

    ``is_any_catching_up``: whether a webhook that began in the past is not up to date.
    """

    is_any_due: bool
    is_any_late: bool
    is_any_catching_up: bool


# A transaction that began a moment later, or in a process that read the server's clock over a slow connection, is ahead
# by less than this.
CLOCK_TOLERANCE = 10 * SECOND


def check_due(tx: Transaction, longest_delay: int) -> DueCheck:
    """Look for what is due, in the slow poll.

    Only a lane that waits to retry may be due in the future, by at most ``longest_delay`` microseconds. A later time
    was set by a clock that was ahead.
    """
    row = tx.one(_CHECK, now=tx.started_at, **_horizons(tx, longest_delay))
    assert row is not None
    return DueCheck(bool(row.due), bool(row.late), bool(row.catching_up))


def bring_forward(tx: Transaction, longest_delay: int) -> int:
    """Make everything due now that is due later than it should be; return how many.

    How much of a lane's retry window has passed does not change.
    """
    horizons = {"now": tx.started_at, **_horizons(tx, longest_delay)}
    return sum(tx.execute(statement, **horizons) for statement in _BRING_FORWARD)


def _horizons(tx: Transaction, longest_delay: int) -> dict[str, int]:
    return {"soon": tx.started_at + CLOCK_TOLERANCE, "horizon": tx.started_at + longest_delay}


def lease(
    tx: Transaction,
    *,
    worker: int,
    token: int,
    now: int,
    expires_at: int,
    succeeding: bool,
    limit: int,
    saturated: list[str],
) -> list[LeasedLane]:
    """Lease up to ``limit`` due lanes for a worker, the longest due first.

    ``succeeding`` selects lanes whose last attempt succeeded, or the others. Lanes of destinations in ``saturated`` are
    skipped.
    """
    rows = tx.all(
        LEASE,
        worker=worker,
        token=token,
        now=now,
        expires_at=expires_at,
        succeeding=succeeding,
        limit=limit,
        saturated=saturated,
    )
    return [
        LeasedLane(
            account_id=row.account_id,
            webhook_id=row.webhook_id,
            token=token,
            revision=row.revision,
            destination=row.destination,
            head_sequence=row.head_sequence,
            last_sequence=row.last_sequence,
            replayed_through=row.replayed_through,
            attempts_count=row.attempts_count,
            failures_count=row.failures_count,
            window_elapsed=0 if row.window_started_at is None else max(0, row.due_at - row.window_started_at),
            stalled=row.stalled,
            last_succeeded=row.last_succeeded,
        )
        for row in rows
    ]


def renew(tx: Transaction, worker: int, duration: int) -> None:
    """Extend all leases of a worker to ``duration`` microseconds from now."""
    for table in _LEASED_TABLES:
        tx.execute(_RENEW[table.name], worker=worker, expires_at=tx.started_at + duration)


def release(tx: Transaction, worker: int) -> int:
    """Release the leases of a worker, on shutdown or because it died.

    Returns how many; rows locked by others are skipped, so repeat until it returns 0.
    """
    return sum(tx.execute(_RELEASE[table.name], worker=worker) for table in _LEASED_TABLES)


def release_expired(tx: Transaction, worker: int) -> int:
    """Release expired leases, except those of ``worker``; return how many."""
    now = tx.started_at
    return sum(tx.execute(_RELEASE_EXPIRED[table.name], worker=worker, now=now) for table in _LEASED_TABLES)


def release_all(tx: Transaction) -> int:
    """Release all leases, for the only worker at its start; return how many."""
    return sum(tx.execute(_RELEASE_ALL[table.name]) for table in _LEASED_TABLES)


def lease_holders(tx: Transaction) -> set[int]:
    """Return the ids of the workers that hold a lease."""
    return {row.lease_worker for table in _LEASED_TABLES for row in tx.all(_WORKERS[table.name])}


_IS_LEASABLE = (lanes.c.due_at <= bindparam("now")) & lanes.c.lease_token.is_(None)

_IS_ONE_OFF_LEASABLE = (one_offs.c.due_at <= bindparam("now")) & one_offs.c.lease_token.is_(None)
_LATE_LANES = (
    lanes.c.lease_token.is_(None) & lanes.c.last_succeeded.is_(True) & (lanes.c.due_at > bindparam("soon")),
    lanes.c.lease_token.is_(None) & lanes.c.last_succeeded.is_(False) & (lanes.c.due_at > bindparam("horizon")),
)
_LATE_ONE_OFFS = one_offs.c.lease_token.is_(None) & (one_offs.c.due_at > bindparam("soon"))
_CHECK = Statement(
    select(
        or_(
            exists(select(lanes.c.webhook_id).where(_IS_LEASABLE)),
            exists(select(one_offs.c.id).where(_IS_ONE_OFF_LEASABLE)),
        ).label("due"),
        or_(
            *(exists(select(lanes.c.webhook_id).where(condition)) for condition in _LATE_LANES),
            exists(select(one_offs.c.id).where(_LATE_ONE_OFFS)),
        ).label("late"),
        exists(select(lanes.c.webhook_id).where(lanes.c.catching_up_from.is_not(None))).label("catching_up"),
    )
)

_DUE = (
    select(lanes.c.account_id, lanes.c.webhook_id)
    .where(
        _IS_LEASABLE,
        lanes.c.last_succeeded == bindparam("succeeding"),
        ~any_of(lanes.c.destination, "saturated"),
    )
    .order_by(lanes.c.due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
LEASE = Statement(
    update(lanes)
    .where(
        lanes.c.account_id == _DUE.c.account_id,
        lanes.c.webhook_id == _DUE.c.webhook_id,
        # Checked again: PostgreSQL may return a row that another worker leased between our snapshot and our lock.
        _IS_LEASABLE,
    )
    .values(lease_token=bindparam("token"), lease_worker=bindparam("worker"), lease_expires_at=bindparam("expires_at"))
    .returning(lanes)
)

_LEASED_TABLES = (lanes, one_offs)
_NO_LEASE = {"lease_token": null(), "lease_worker": null(), "lease_expires_at": null()}


def _updating(table: Table, condition: ColumnElement[bool], values: Mapping[str, Any]) -> Statement:
    # Locked rows are skipped: waiting for one while holding others could deadlock with a write that waits for those.
    key = table.primary_key.columns.values()
    free = select(*key).where(condition).with_for_update(skip_locked=True).cte("unlocked")
    return Statement(update(table).where(*(column == free.c[column.name] for column in key)).values(values))


_BRING_FORWARD = [
    *(
        _updating(
            lanes,
            condition,
            {
                "due_at": bindparam("now"),
                "window_started_at": lanes.c.window_started_at + bindparam("now") - lanes.c.due_at,
            },
        )
        for condition in _LATE_LANES
    ),
    _updating(one_offs, _LATE_ONE_OFFS, {"due_at": bindparam("now")}),
]

_IS_LEASED = {table: table.c.lease_token.is_not(None) for table in _LEASED_TABLES}
_IS_MINE = {table: _IS_LEASED[table] & (table.c.lease_worker == bindparam("worker")) for table in _LEASED_TABLES}

_RENEW = {
    table.name: _updating(table, _IS_MINE[table], {"lease_expires_at": bindparam("expires_at")})
    for table in _LEASED_TABLES
}
_RELEASE = {table.name: _updating(table, _IS_MINE[table], _NO_LEASE) for table in _LEASED_TABLES}
_RELEASE_EXPIRED = {
    table.name: _updating(
        table,
        _IS_LEASED[table]
        & (table.c.lease_worker != bindparam("worker"))
        & (table.c.lease_expires_at < bindparam("now")),
        _NO_LEASE,
    )
    for table in _LEASED_TABLES
}
_RELEASE_ALL = {table.name: _updating(table, _IS_LEASED[table], _NO_LEASE) for table in _LEASED_TABLES}
_WORKERS = {
    table.name: Statement(select(table.c.lease_worker).where(table.c.lease_token.is_not(None)).distinct())
    for table in _LEASED_TABLES
}
