"""What a worker knows of the lanes it holds.

A lane is one webhook's row in the engine: which payload is next (its head), when it is due, and who is at work on it.
"""

from dataclasses import dataclass, field

from hourhook.delivery.targets import Key, Target
from hourhook.delivery.worker.readahead import Payload


@dataclass(slots=True, eq=False)
class LeasedLane:
    """A lane under our lease; ``token`` 0 once the lease is given back."""

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
    window_started_at: int | None
    stalled: bool
    last_succeeded: bool
    target: Target | None = None
    # Payloads read ahead, the head first.
    prefetched: list[Payload] = field(default_factory=list)
    # How many were sent in this lease.
    sent_count: int = 0

    @property
    def key(self) -> Key:
        """What names the lane."""
        return self.account_id, self.webhook_id
