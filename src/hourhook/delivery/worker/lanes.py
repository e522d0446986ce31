"""Leased lanes, as a worker keeps them in memory.

A lane is the queue of one webhook: a row with its next payload (the head), when it is due, and its lease.
"""

from dataclasses import dataclass, field

from hourhook.delivery.targets import Key, Target
from hourhook.delivery.worker.readahead import Payload


@dataclass(slots=True, eq=False)
class LeasedLane:
    """A lane leased by this worker; ``token`` is 0 once the lease is released."""

    account_id: int
    webhook_id: int
    token: int
    revision: int
    destination: str
    head_sequence: int
    last_sequence: int
    replayed_through: int
    attempts_count: int
    failures_count: int
    # How much of the retry window had passed when the lane became due, in microseconds.
    window_elapsed: int
    stalled: bool
    last_succeeded: bool
    target: Target | None = None
    # Prefetched payloads, the head first.
    prefetched: list[Payload] = field(default_factory=list)
    # Payloads sent under this lease.
    sent_count: int = 0

    @property
    def key(self) -> Key:
        """The account id and webhook id."""
        return self.account_id, self.webhook_id

    def number_of(self, payload: Payload) -> int:
        """Return the number of the next attempt of a prefetched payload."""
        is_head = payload.sequence == self.head_sequence
        # The attempts of a payload that was sent before it became the head are not in the lane's row.
        return 1 + (
            self.attempts_count if is_head and payload.sequence > self.replayed_through else payload.attempts_before
        )
