"""The view of one lane: its payloads around the head, what the head's last attempt said, and the last 24 hours."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from hourhook.delivery.history.sequences import (
    LaneState,
    State,
    find_lane_if_any,
    find_skipped,
    lane_state,
    payload_state,
)
from hourhook.delivery.history.statistics import Statistics, read_recent_attempts, summarize
from hourhook.store.schema import attempts, events, payloads
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

SETTLED_SHOWN = 12
WAITING_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Bead:
    """A payload on the rail of its lane."""

    sequence: int
    payload_id: str
    type: str
    state: State
    created_at: int


@dataclass(frozen=True, slots=True)
class LaneView:
    """What a person sees of a lane. ``skipped`` are all skipped payloads that are kept, ascending."""

    row: Row
    state: LaneState
    skipped: Sequence[int]
    beads: Sequence[Bead]
    # The last attempt of the head; None if it has none.
    last_attempt: Row | None
    # Of the last 24 hours, newest first.
    recent: Sequence[Row]
    statistics: Statistics

    @property
    def waiting_count(self) -> int:
        """Return how many payloads are not settled, the head included."""
        return int(self.row.last_sequence - self.row.head_sequence + 1)

    @property
    def head(self) -> Bead | None:
        """Return the payload that holds the lane, or None if nothing waits."""
        return next((bead for bead in self.beads if bead.sequence == self.row.head_sequence), None)

    @property
    def skipped_count(self) -> int:
        return len(self.skipped)

    @property
    def accepted_count(self) -> int:
        """Return how many payloads the receiver has accepted, of all since the first."""
        return int(self.row.head_sequence - 1 - self.row.lost_count - self.skipped_count)

    @property
    def disabled_by(self) -> str | None:
        """Return the name of the user who disabled the webhook; None if nobody did, or if the user was deleted."""
        names = (self.row.first_name, self.row.last_name)
        return " ".join(filter(None, names)) or self.row.email

    @property
    def is_in_flight(self) -> bool:
        """Return whether a worker holds the lane."""
        return self.row.lease_token is not None and self.waiting_count > 0


def read_lane_view(tx: Transaction, account_id: int, webhook_id: int) -> LaneView | None:
    """Return the view of a lane, or None if there is no such webhook."""
    row = find_lane_if_any(tx, account_id, webhook_id)
    if row is None:
        return None
    skipped = find_skipped(tx, row, row.first_sequence, row.last_sequence)
    window = tx.all(
        _WINDOW,
        account=account_id,
        webhook=webhook_id,
        low=row.head_sequence - SETTLED_SHOWN,
        high=row.head_sequence + WAITING_SHOWN,
    )
    last_attempt = None
    if row.attempts_count:
        last_attempt = tx.one(_LAST_ATTEMPT, account=account_id, webhook=webhook_id, sequence=row.head_sequence)
    recent = read_recent_attempts(tx, row)
    return LaneView(
        row=row,
        state=lane_state(row),
        skipped=skipped,
        beads=[
            Bead(
                found.sequence,
                found.payload_id,
                found.type,
                payload_state(row, found.sequence, skipped),
                found.created_at,
            )
            for found in window
        ],
        last_attempt=last_attempt,
        recent=recent,
        statistics=summarize(recent),
    )


_WINDOW = Statement(
    select(payloads.c.sequence, payloads.c.payload_id, payloads.c.type, events.c.created_at)
    .join_from(
        payloads, events, (events.c.account_id == payloads.c.account_id) & (events.c.position == payloads.c.position)
    )
    .where(
        payloads.c.account_id == bindparam("account"),
        payloads.c.webhook_id == bindparam("webhook"),
        payloads.c.sequence.between(bindparam("low"), bindparam("high")),
    )
    .order_by(payloads.c.sequence)
)
_LAST_ATTEMPT = Statement(
    select(
        attempts.c.number,
        attempts.c.started_at,
        attempts.c.duration_ms,
        attempts.c.status,
        attempts.c.error,
        attempts.c.response_body,
    )
    .where(
        attempts.c.account_id == bindparam("account"),
        attempts.c.webhook_id == bindparam("webhook"),
        attempts.c.sequence == bindparam("sequence"),
        attempts.c.errand_id == 0,
    )
    .order_by(attempts.c.number.desc())
    .limit(1)
)
