"""A simulated network and receivers, whose responses and failures follow from the seed."""

import asyncio
import random
from dataclasses import dataclass

from hourhook.clock import Clock
from hourhook.delivery.transports.outcomes import ErrorKind, Outcome
from tests.simulator.invariants import Invariants
from tests.simulator.journal import Attempt

TIMEOUT_SECONDS = 10

# The weight of each result of a request. With ``response_lost`` and ``hangs`` the receiver gets the request, but the
# sender gets no response; with ``refused`` and ``request_lost`` the receiver gets nothing.
BEHAVIOURS: dict[str, dict[str, float]] = {
    "perfect": {"200": 100},
    "healthy": {"200": 95, "204": 3, "500": 0.5, "response_lost": 0.5, "refused": 0.5},
    "flaky": {
        "200": 45,
        "500": 15,
        "503": 5,
        "302": 2,
        "response_lost": 15,
        "hangs": 6,
        "refused": 10,
        "request_lost": 2,
    },
    "down": {"500": 30, "refused": 50, "hangs": 10, "request_lost": 10},
    "gone": {"410": 100},
    "slow": {"200": 80, "hangs": 20},
}
BEHAVIOUR_CHANGES = ("healthy", "healthy", "healthy", "flaky", "flaky", "down", "slow", "gone")


@dataclass(slots=True)
class Receiver:
    """The receiver at a URI."""

    behaviour: str = "healthy"


class Network:
    """All receivers, and the transmission of requests to them."""

    def __init__(self, rng: random.Random, invariants: Invariants) -> None:
        self.receivers: dict[str, Receiver] = {}
        self._rng = rng
        self._invariants = invariants

    def receiver(self, uri: str) -> Receiver:
        """Return the receiver at a URI, which is created on first use."""
        return self.receivers.setdefault(uri, Receiver())

    async def transmit(self, attempt: Attempt, clock: Clock) -> Outcome:
        """Carry a request to its receiver and the response back."""
        rng = self._rng
        behaviour = self.receiver(attempt.uri).behaviour
        result = rng.choices([*BEHAVIOURS[behaviour]], [*BEHAVIOURS[behaviour].values()])[0]
        request_seconds, response_seconds = self._latency_seconds(behaviour), self._latency_seconds(behaviour)
        # Whether it arrives even if its sender is killed before it does.
        survives_kill = rng.random() < 0.5
        started_at = clock.now()
        loop = asyncio.get_running_loop()
        started_loop_time = loop.time()

        def outcome(status: int | None, error: ErrorKind | None, retry_after_seconds: float | None = None) -> Outcome:
            duration_ms = round((loop.time() - started_loop_time) * 1000)
            return Outcome(status, error, started_at, duration_ms, retry_after_seconds=retry_after_seconds)

        if result == "refused":
            await asyncio.sleep(request_seconds)
            return outcome(None, "connect")
        if result == "request_lost":
            await asyncio.sleep(TIMEOUT_SECONDS)
            return outcome(None, "timeout")
        arrival = loop.call_later(request_seconds, self._invariants.on_arrival, attempt)
        try:
            if result == "hangs":
                await asyncio.sleep(TIMEOUT_SECONDS)
                return outcome(None, "timeout")
            await asyncio.sleep(request_seconds + response_seconds)
        except asyncio.CancelledError:
            if not survives_kill:
                arrival.cancel()
            raise
        if result == "response_lost":
            return outcome(None, "connect")
        status = int(result)
        retry_after_seconds = rng.choice((None, 1.0, 8.0)) if status == 503 else None
        return outcome(status, None if status < 300 else "status", retry_after_seconds)

    def _latency_seconds(self, behaviour: str) -> float:
        if behaviour == "slow":
            return self._rng.uniform(0.2, 4)
        return self._rng.choice((0.001, 0.01, 0.05)) * self._rng.uniform(0.5, 4)
