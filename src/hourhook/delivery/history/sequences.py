"""Payloads by sequence: most questions about them are answered by arithmetic, however large the backlog.

The sequences of a webhook have no gaps from the first retained to the last, and the times of their events never
decrease. Below the head payloads are settled, the head is new or failing, and above it they wait
(``docs/decisions/0021-delivery-log-by-arithmetic.md``).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from sqlalchemy import bindparam, func, select, text

from hourhook.clock import SECOND
from hourhook.store.schema import attempts, events, lanes, payloads, skips, users, webhooks
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

State = Literal["waiting", "failing", "delivered", "skipped"]
STATES: tuple[State, ...] = ("waiting", "failing", "delivered", "skipped")

LaneState = Literal["healthy", "failing", "stalled", "disabled", "gone", "unused"]
"""The state of a lane as a person sees it. ``unused``: no event has been sent to it yet."""

# A range of consecutive sequences, in descending order.
Run = range


def find_lane(tx: Transaction, account_id: int, webhook_id: int) -> Row:
    """Return the lane of a webhook, with the webhook's ``name`` and ``payload_uri``.

    ``first_name``, ``last_name`` and ``email`` are of the user who disabled it.
    ``first_sequence`` is the lowest retained sequence; if there is none, the one that the next payload will get.
    """
    lane = tx.one(_LANE, account=account_id, webhook=webhook_id)
    assert lane is not None, "a webhook has a lane"
    return lane


def find_lane_if_any(tx: Transaction, account_id: int, webhook_id: int) -> Row | None:
    """Return the lane of a webhook as ``find_lane`` does, or None if there is no such webhook."""
    return tx.one(_LANE, account=account_id, webhook=webhook_id)


def find_first_since(tx: Transaction, lane: Row, timestamp: int) -> int:
    """Return the sequence of a lane's first payload created at or after a timestamp.

    If there is none, it is the one that the next payload will get.
    """
    found: int = tx.value(
        _FIRST_SINCE,
        account=lane.account_id,
        webhook=lane.webhook_id,
        timestamp=timestamp,
        first=lane.first_sequence,
        step=1 << (lane.last_sequence - lane.first_sequence + 1).bit_length(),
    )
    return found


def retained_since(tx: Transaction, lane: Row) -> int | None:
    """Return since when all payloads of a lane are retained; None if none was ever deleted."""
    if lane.first_sequence == 1:
        return None
    earliest: int | None = tx.value(_EARLIEST_EVENT, account=lane.account_id)
    return tx.event_time + SECOND if earliest is None else earliest


def find_skipped(tx: Transaction, lane: Row, low: int, high: int) -> list[int]:
    """Return the payloads between two sequences that were skipped and not delivered since, ascending."""
    rows = tx.all(
        _SKIPPED, account=lane.account_id, webhook=lane.webhook_id, low=low, high=min(high, lane.head_sequence - 1)
    )
    return [row.sequence for row in rows]


def lane_state(lane: Row) -> LaneState:
    """Return the state of a lane."""
    if not lane.enabled:
        return "gone" if lane.disabled_reason == "gone" else "disabled"
    if lane.stalled:
        return "stalled"
    if lane.failing_since is not None:
        return "failing"
    return "unused" if lane.last_delivered_at is None and not lane.last_sequence else "healthy"


def payload_state(lane: Row, sequence: int, skipped: Collection[int]) -> State:
    """Return the state of a payload."""
    if sequence < lane.head_sequence:
        return "skipped" if sequence in skipped else "delivered"
    is_failing = sequence == lane.head_sequence and lane.failing_since is not None
    return "failing" if is_failing else "waiting"


def find_runs(lane: Row, states: Collection[str], skipped: Sequence[int]) -> list[Run]:
    """Return all payloads in any of these states, newest first; ``skipped`` are the skipped ones, ascending."""
    head, failing_count = lane.head_sequence, int(lane.failing_since is not None)
    runs = []
    if "waiting" in states:
        runs.append(_run(head + failing_count, lane.last_sequence))
    if "failing" in states and failing_count:
        runs.append(_run(head, head))
    if "delivered" in states and "skipped" in states:
        runs.append(_run(lane.first_sequence, head - 1))
    elif "skipped" in states:
        runs += [_run(sequence, sequence) for sequence in reversed(skipped)]
    elif "delivered" in states:
        high = head - 1
        for sequence in reversed(skipped):
            runs.append(_run(sequence + 1, high))
            high = sequence - 1
        runs.append(_run(lane.first_sequence, high))
    return [run for run in runs if run]


def clip_runs(runs: Iterable[Run], low: int, high: int) -> list[Run]:
    """Return the parts of these runs between two sequences, inclusive."""
    clipped = (_run(max(run[-1], low), min(run[0], high)) for run in runs)
    return [run for run in clipped if run]


def slice_runs(runs: Iterable[Sequence[int]], offset: int, limit: int) -> list[int]:
    """Return at most ``limit`` sequences of these runs, starting at ``offset``."""
    found: list[int] = []
    for run in runs:
        found += run[offset : offset + limit - len(found)]
        offset = max(0, offset - len(run))
    return found


def _run(low: int, high: int) -> Run:
    return range(high, low - 1, -1)


_LANE = Statement(
    select(
        lanes,
        webhooks.c.name,
        webhooks.c.payload_uri,
        webhooks.c.previous_secret_expires_at,
        func.coalesce(
            select(func.min(payloads.c.sequence))
            .where(payloads.c.account_id == lanes.c.account_id, payloads.c.webhook_id == lanes.c.webhook_id)
            .scalar_subquery(),
            lanes.c.last_sequence + 1,
        ).label("first_sequence"),
        users.c.first_name,
        users.c.last_name,
        users.c.email,
    )
    .join_from(lanes, webhooks, (webhooks.c.account_id == lanes.c.account_id) & (webhooks.c.id == lanes.c.webhook_id))
    .outerjoin(users, (users.c.account_id == lanes.c.account_id) & (users.c.id == lanes.c.disabled_by_id))
    .where(lanes.c.account_id == bindparam("account"), lanes.c.webhook_id == bindparam("webhook"))
)

# Binary search: each step reads one payload, and advances by half, a quarter … of the payloads, or stays.
_FIRST_SINCE = Statement(
    text(
        """
        WITH RECURSIVE search(sequence, step) AS (
            SELECT CAST(:first AS BIGINT), CAST(:step AS BIGINT)
            UNION ALL
            SELECT
                CASE WHEN (
                    SELECT e.created_at
                    FROM payloads AS p
                    JOIN events AS e ON e.account_id = p.account_id AND e.position = p.position
                    WHERE p.account_id = :account AND p.webhook_id = :webhook
                        AND p.sequence = search.sequence + search.step - 1
                ) < :timestamp THEN sequence + step ELSE sequence END,
                step / 2
            FROM search WHERE step > 0
        )
        SELECT sequence FROM search WHERE step = 0
        """
    )
)

_EARLIEST_EVENT = Statement(
    select(events.c.created_at).where(events.c.account_id == bindparam("account")).order_by(events.c.position).limit(1)
)

# A settled payload was skipped if its lane's last attempt had failed.
_LAST_ERROR = (
    select(attempts.c.error)
    .where(
        attempts.c.account_id == skips.c.account_id,
        attempts.c.webhook_id == skips.c.webhook_id,
        attempts.c.sequence == skips.c.sequence,
        attempts.c.errand_id == 0,
    )
    .order_by(attempts.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_SKIPPED = Statement(
    select(skips.c.sequence)
    .where(
        skips.c.account_id == bindparam("account"),
        skips.c.webhook_id == bindparam("webhook"),
        skips.c.sequence.between(bindparam("low"), bindparam("high")),
        _LAST_ERROR.is_not(None),
    )
    .distinct()
    .order_by(skips.c.sequence)
)
