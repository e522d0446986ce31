"""The record of a run: the events, webhooks and attempts that the invariants are checked against."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hourhook.delivery.transports.outcomes import Outcome


class Event(NamedTuple):
    """An event as it was when it was committed."""

    position: int
    type: str
    created_at: int
    changes: bytes
    object: bytes


class Target(NamedTuple):
    """The settings of a webhook that its requests depend on."""

    name: str
    payload_uri: str
    secret: bytes
    batch_limit: int
    # Requests per second, in hundredths; None if the webhook has no rate.
    max_per_second: int | None
    previous_secret: bytes | None
    previous_secret_expires_at: int | None

    @property
    def seconds_between_requests(self) -> float:
        """The shortest time between the starts of two requests."""
        return 100 / self.max_per_second if self.max_per_second else 0.0


@dataclass(slots=True, eq=False)
class Attempt:
    """One request, from the start of its transmission; ``sequence`` is None for a ping.

    A batch begins with ``sequence``, and ``numbers`` has the number of the attempt of each of its payloads.
    """

    worker: int
    webhook_id: int
    sequence: int | None
    payload_id: str
    numbers: list[int]
    is_one_off: bool
    uri: str
    # In seconds of the run.
    started_seconds: float = 0.0
    # As the worker received it; None until then.
    outcome: Outcome | None = None

    @property
    def sequences(self) -> range:
        """The payloads of the lane in the request."""
        return range(0) if self.sequence is None else range(self.sequence, self.sequence + len(self.numbers))


@dataclass(slots=True)
class Log:
    """One account's events; those before ``first_retained_position`` were removed by the retention."""

    events: dict[int, Event] = field(default_factory=dict)
    last_position: int = 0
    last_event_at: int = 0
    first_retained_position: int = 1
    tags: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class WebhookState:
    """One webhook: its payloads, those that are done, and the requests in flight."""

    account_id: int
    webhook_id: int
    # Payload id and position, by sequence.
    payloads: dict[int, tuple[str, int]] = field(default_factory=dict)
    # Sequences that need no further delivery: accepted, skipped or lost.
    done_sequences: set[int] = field(default_factory=set)
    lost_through: int = 0
    # Attempts under a lease that is still valid: those of the lane, and those of one-off deliveries.
    in_flight: list[Attempt] = field(default_factory=list)
    one_offs_in_flight: list[Attempt] = field(default_factory=list)
    # The number of the last recorded attempt, by sequence.
    attempt_numbers: dict[int, int] = field(default_factory=dict)
    # The head, if an attempt of it has failed: until it is accepted or moved, it is sent alone.
    failed_head: int | None = None
    # When the retry window of the head began, in seconds of the run.
    window_began_seconds: float | None = None
    # How much of it passed because clocks were set forward.
    skipped_seconds: float = 0.0
    # Sequence and URI of each 410 response.
    gone_responses: set[tuple[int, str]] = field(default_factory=set)
    targets: list[Target] = field(default_factory=list)
    is_deleted: bool = False
    # The first event that is not queued yet, of a webhook that began in the past and is catching up.
    next_position: int | None = None
    # The earliest time of the next request by the rate, in seconds of the run.
    paced_until_seconds: float = 0.0
    # What the last alert said, ``failing`` or ``stalled``, and whether that trouble is over but was not reported so.
    reported: str | None = None
    is_over: bool = False

    def position_of(self, sequence: int) -> int:
        """Return the position of a payload's event; 0 if there was never such a payload."""
        return self.payloads.get(sequence, ("", 0))[1]


@dataclass(slots=True)
class Snapshot:
    """The state of the database when a worker's last cycle was committed, on which its requests are based."""

    lanes: dict[int, Any]
    targets: dict[int, Target]
    # The number of one-off deliveries of a payload that the worker had leased, by webhook and payload id.
    one_offs: dict[tuple[int, str], int]
