"""What a run remembers of the world: what was promised, what was sent, and to whom."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hourhook.delivery.transports.outcomes import Outcome


class Event(NamedTuple):
    """An event as it was first seen."""

    position: int
    type: str
    created_at: int
    changes: bytes
    object: bytes


class Target(NamedTuple):
    """A webhook as a person has set it."""

    name: str
    payload_uri: str
    secret: bytes


@dataclass(slots=True, eq=False)
class Attempt:
    """One send, from its beginning; ``sequence`` is None for a ping."""

    worker: int
    webhook_id: int
    sequence: int | None
    payload_id: str
    number: int
    is_one_off: bool
    uri: str
    # What the worker was told, once it was.
    outcome: Outcome | None = None


@dataclass(slots=True)
class Log:
    """One account's events; those before ``first_retained_position`` were cleared away."""

    events: dict[int, Event] = field(default_factory=dict)
    last_position: int = 0
    last_event_at: int = 0
    first_retained_position: int = 1
    tags: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class WebhookState:
    """One webhook: what it has to hear, and what it has heard."""

    account_id: int
    webhook_id: int
    # Payload id and position, by sequence.
    payloads: dict[int, tuple[str, int]] = field(default_factory=dict)
    # Sequences that the webhook need not hear any more: accepted, skipped or lost.
    done_sequences: set[int] = field(default_factory=set)
    lost_through: int = 0
    # Sends under a lease that still holds; the lane's, and those of errands.
    in_flight: list[Attempt] = field(default_factory=list)
    one_offs_in_flight: list[Attempt] = field(default_factory=list)
    # The number of the last attempt that was written down, by sequence.
    attempt_numbers: dict[int, int] = field(default_factory=dict)
    # What was answered with 410, and where.
    gone_responses: set[tuple[int, str]] = field(default_factory=set)
    targets: list[Target] = field(default_factory=list)
    is_deleted: bool = False

    def position_of(self, sequence: int) -> int:
        """The position of a payload's event; 0 for a payload that there never was."""
        return self.payloads.get(sequence, ("", 0))[1]


@dataclass(slots=True)
class Snapshot:
    """What the database held when a worker's last turn was committed: what its sends rest on."""

    lanes: dict[int, Any]
    targets: dict[int, Target]
    # How many errands of a payload the worker held, by webhook and payload id.
    one_offs: dict[tuple[int, str], int]
