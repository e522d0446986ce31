"""One line of log for each attempt and each broadcast; never a secret, a body or the query of an address."""

from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.broadcaster import BroadcastObserver
from hourhook.delivery.worker.worker import AttemptObserver
from hourhook.logs import LogEvent, log_event


class AttemptLine(LogEvent):
    """What is logged of an attempt."""

    account: int
    webhook: int
    payload: str
    type: str
    number: int
    status: int | None
    error: str | None
    duration_ms: int


class AttemptLogger:
    """Writes each attempt down, and passes it on to whoever keeps figures."""

    def __init__(self, figures: AttemptObserver) -> None:
        self._figures = figures

    def attempt_finished(
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Outcome, /
    ) -> None:
        """Write down an attempt that came to its end."""
        self._figures.attempt_finished(key, payload_id, type, number, outcome)
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
            )
        )


class BroadcastLine(LogEvent):
    """What is logged of a broadcast."""

    account: int
    broadcast_receiver: int
    last_event: str
    status: int | None
    error: str | None
    duration_ms: int


class BroadcastLogger:
    """Writes each broadcast down, and passes it on to whoever keeps figures."""

    def __init__(self, figures: BroadcastObserver) -> None:
        self._figures = figures

    def broadcast_finished(self, key: tuple[int, int], last_event: str, outcome: Outcome, /) -> None:
        """Write down what came of a broadcast."""
        self._figures.broadcast_finished(key, last_event, outcome)
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
