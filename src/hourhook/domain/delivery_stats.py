"""Delivery statistics over all accounts, for metrics (``docs/operating/monitoring.md``)."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from hourhook.clock import SECOND
from hourhook.store.schema import accounts, lanes, one_offs
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# How many accounts ``find_accounts_ahead`` returns at most.
MAX_ACCOUNTS = 5


@dataclass(frozen=True, slots=True)
class DeliveryStats:
    """Delivery statistics over all accounts."""

    events_total: int
    waiting_payloads: int
    due_lanes: int
    failing_lanes: int
    stalled_lanes: int
    due_one_offs: int
    misdated_lanes: int
    clock_behind_seconds: float
    delivery_lag_seconds: float


def find_accounts_ahead(tx: Transaction, margin_seconds: float) -> list[Row]:
    """Return ``name`` and ``last_event_at`` of accounts whose latest event is in the future, the latest first."""
    return tx.all(_ACCOUNTS_AHEAD, after=tx.started_at + round(margin_seconds * SECOND), limit=MAX_ACCOUNTS)


def collect(tx: Transaction) -> DeliveryStats:
    """Count waiting payloads and due lanes; ``delivery_lag_seconds`` is how long the most overdue lane has waited."""
    row = tx.one(_COLLECT, now=tx.started_at)
    assert row is not None
    oldest_due_at = row.oldest_due_at
    return DeliveryStats(
        events_total=int(row.events_total),
        waiting_payloads=int(row.waiting_payloads),
        due_lanes=row.due_lanes,
        failing_lanes=row.failing_lanes,
        stalled_lanes=row.stalled_lanes,
        due_one_offs=row.due_one_offs,
        misdated_lanes=row.misdated_lanes,
        clock_behind_seconds=max(0, (row.last_event_at or 0) - tx.started_at) / SECOND,
        delivery_lag_seconds=0 if oldest_due_at is None else (tx.started_at - oldest_due_at) / SECOND,
    )


_IS_DUE = lanes.c.due_at <= bindparam("now")
_WAITING = lanes.c.last_sequence - lanes.c.head_sequence + 1

_COLLECT = Statement(
    select(
        select(func.coalesce(func.sum(accounts.c.last_position), 0)).scalar_subquery().label("events_total"),
        func.coalesce(func.sum(_WAITING).filter(lanes.c.enabled), 0).label("waiting_payloads"),
        func.count().filter(_IS_DUE).label("due_lanes"),
        func.count().filter(lanes.c.failing_since.is_not(None)).label("failing_lanes"),
        func.count().filter(lanes.c.stalled).label("stalled_lanes"),
        # Only a lane that waits to retry may be due in the future.
        func.count()
        .filter(lanes.c.last_succeeded, lanes.c.due_at > bindparam("now"), lanes.c.lease_token.is_(None))
        .label("misdated_lanes"),
        select(func.max(accounts.c.last_event_at)).scalar_subquery().label("last_event_at"),
        func.min(lanes.c.due_at).filter(_IS_DUE, lanes.c.lease_token.is_(None)).label("oldest_due_at"),
        select(func.count())
        .select_from(one_offs)
        .where(one_offs.c.due_at <= bindparam("now"))
        .scalar_subquery()
        .label("due_one_offs"),
    ).select_from(lanes)
)
_ACCOUNTS_AHEAD = Statement(
    select(accounts.c.name, accounts.c.last_event_at)
    .where(accounts.c.last_event_at > bindparam("after"))
    .order_by(accounts.c.last_event_at.desc())
    .limit(bindparam("limit"))
)
