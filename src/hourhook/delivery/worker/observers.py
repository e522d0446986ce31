"""Observers of attempts and broadcasts, and those that log them; never a secret, a body or a query string."""

from typing import Protocol

from hourhook.delivery.targets import Key
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.logs import LogEvent, log_event


class AttemptObserver(Protocol):
    """An observer of all attempts, such as for logs and metrics."""

    def attempt_finished(
        self, key: Key, payload_id: str, type: str, number: int, outcome: Outcome, payloads_count: int = 1, /
    ) -> None:
        """Handle the end of an attempt; ``key`` is that of the lane. A batch is an attempt of its first payload."""
        ...


class BroadcastObserver(Protocol):
    """An observer of all broadcasts, such as for logs and metrics."""

    def broadcast_finished(self, key: Key, last_event: str, outcome: Outcome, /) -> None:
        """Handle the end of a broadcast; ``key`` is that of the receiver."""
        ...


class AttemptLine(LogEvent):
    """The log line of an attempt."""

    account: int
    webhook: int
    payload: str
    type: str
    number: int
    status: int | None
    error: str | None
    duration_ms: int
    # Of a batch, which begins with the payload.
    batch: int | None = None


class AttemptLogger:
    """Log each attempt, and pass it on to the metrics."""

    def __init__(self, metrics: AttemptObserver) -> None:
        self._metrics = metrics

    def attempt_finished(
        self, key: Key, payload_id: str, type: str, number: int, outcome: Outcome, payloads_count: int = 1, /
    ) -> None:
        self._metrics.attempt_finished(key, payload_id, type, number, outcome, payloads_count)
        log_event(
            AttemptLine(
                event="attempt",
                level="info" if outcome.is_success else "warning",
                account=key[0],
                webhook=key[1],
                payload=payload_id,
                type=type,
                number=number,
                status=outcome.status,
                error=outcome.error,
                duration_ms=outcome.duration_ms,
                batch=payloads_count if payloads_count > 1 else None,
            )
        )


class BroadcastLine(LogEvent):
    """The log line of a broadcast."""

    account: int
    broadcast_receiver: int
    last_event: str
    status: int | None
    error: str | None
    duration_ms: int


class BroadcastLogger:
    """Log each broadcast, and pass it on to the metrics."""

    def __init__(self, metrics: BroadcastObserver) -> None:
        self._metrics = metrics

    def broadcast_finished(self, key: Key, last_event: str, outcome: Outcome, /) -> None:
        self._metrics.broadcast_finished(key, last_event, outcome)
        log_event(
            BroadcastLine(
                event="broadcast",
                level="info" if outcome.is_success else "warning",
                account=key[0],
                broadcast_receiver=key[1],
                last_event=last_event,
                status=outcome.status,
                error=outcome.error,
                duration_ms=outcome.duration_ms,
            )
        )
