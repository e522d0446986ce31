"""The delivery status of a webhook: backlog, failures, losses, success rate and latency."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from hourhook.clock import DAY
from hourhook.delivery.history.contents import find_payload_id
from hourhook.delivery.history.sequences import find_lane
from hourhook.store.schema import attempts
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# Statistics cover the attempts of this many payloads up to the head: more would take longer to read than they are
# worth. There is no index by time, because it would cost each attempt a page write.
SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of attempts; None if there were none. Latencies are of attempts with a response."""

    success_rate: float | None
    latency_ms_p50: int | None
    latency_ms_p95: int | None


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """The status of a lane; timestamps are None if the event has not happened or will not."""

    is_enabled: bool
    is_stalled: bool
    disabled_reason: str | None
    waiting_count: int
    failing_payload_id: str | None
    failing_since: int | None
    next_attempt_at: int | None
    last_delivered_at: int | None
    lost_count: int
    lost_until: int | None
    # Of the lane's attempts in the last 24 hours, without one-off deliveries; None if there were none.
    success_rate: float | None
    # Of attempts with a response.
    latency_ms_p50: int | None
    latency_ms_p95: int | None


def read_status(tx: Transaction, account_id: int, webhook_id: int) -> LaneStatus:
    """Return the current status of the lane of a webhook."""
    lane = find_lane(tx, account_id, webhook_id)
    is_failing = lane.failing_since is not None
    statistics = summarize(read_recent_attempts(tx, lane))
    return LaneStatus(
        is_enabled=lane.enabled,
        is_stalled=lane.stalled,
        disabled_reason=lane.disabled_reason,
        waiting_count=lane.last_sequence - lane.head_sequence + 1,
        failing_payload_id=find_payload_id(tx, account_id, webhook_id, lane.head_sequence) if is_failing else None,
        failing_since=lane.failing_since,
        next_attempt_at=lane.due_at,
        last_delivered_at=lane.last_delivered_at,
        lost_count=lane.lost_count,
        lost_until=lane.lost_until,
        success_rate=statistics.success_rate,
        latency_ms_p50=statistics.latency_ms_p50,
        latency_ms_p95=statistics.latency_ms_p95,
    )


def read_recent_attempts(tx: Transaction, lane: Row) -> list[Row]:
    """Return the lane's attempts of the last 24 hours, newest first, those of ``SAMPLE`` payloads at most."""
    return tx.all(
        _RECENT,
        account=lane.account_id,
        webhook=lane.webhook_id,
        after=lane.head_sequence - SAMPLE,
        head=lane.head_sequence,
        since=tx.started_at - DAY,
        limit=SAMPLE,
    )


def summarize(recent: Sequence[Row]) -> Statistics:
    """Summarize rows of ``read_recent_attempts``."""
    durations = sorted(row.duration_ms for row in recent if row.status is not None)
    return Statistics(_success_rate(recent), _percentile(durations, 50), _percentile(durations, 95))


def _success_rate(recent: Sequence[Row]) -> float | None:
    return round(sum(row.error is None for row in recent) / len(recent), 4) if recent else None


def _percentile(ascending: Sequence[int], percent: int) -> int | None:
    """Return the nearest-rank percentile of ascending values."""
    return ascending[-(-len(ascending) * percent // 100) - 1] if ascending else None


_RECENT = Statement(
    select(attempts.c.error, attempts.c.status, attempts.c.duration_ms, attempts.c.started_at)
    .where(
        attempts.c.account_id == bindparam("account"),
        attempts.c.webhook_id == bindparam("webhook"),
        attempts.c.sequence > bindparam("after"),
        # Payloads beyond the head were attempted before a replay.
        attempts.c.sequence <= bindparam("head"),
        attempts.c.started_at >= bindparam("since"),
        attempts.c.errand_id == 0,
    )
    .order_by(attempts.c.sequence.desc(), attempts.c.number.desc())
    .limit(bindparam("limit"))
)
