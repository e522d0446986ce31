"""A network and receivers that do what the seed says, with every way in which a request can come to grief."""

import asyncio
import random
from dataclasses import dataclass

from hourhook.clock import Clock
from hourhook.delivery.transports.outcomes import ErrorKind, Outcome
from tests.simulator.invariants import Invariants
from tests.simulator.journal import Attempt

TIMEOUT_SECONDS = 10

# How likely each fate of a request is. Of ``lost`` and ``hangs`` the receiver has the request, but the sender hears of
# no answer; of ``refused`` and ``vanishes`` the receiver never hears.
BEHAVIOURS: dict[str, dict[str, float]] = {
    "calm": {"200": 100},
    "well": {"200": 95, "204": 3, "500": 0.5, "lost": 0.5, "refused": 0.5},
    "moody": {"200": 45, "500": 15, "503": 5, "302": 2, "lost": 15, "hangs": 6, "refused": 10, "vanishes": 2},
    "down": {"500": 30, "refused": 50, "hangs": 10, "vanishes": 10},
    "gone": {"410": 100},
    "slow": {"200": 80, "hangs": 20},
}
BEHAVIOUR_CHANGES = ("well", "well", "well", "moody", "moody", "down", "slow", "gone")


@dataclass(slots=True)
class Receiver:
    """Who listens at a URI."""

    behaviour: str = "well"


class Network:
    """All receivers, and the way to them."""

    def __init__(self, rng: random.Random, invariants: Invariants) -> None:
        self.receivers: dict[str, Receiver] = {}
        self._rng = rng
        self._invariants = invariants

    def receiver(self, uri: str) -> Receiver:
        """Whoever listens at a URI."""
        return self.receivers.setdefault(uri, Receiver())

    async def transmit(self, attempt: Attempt, clock: Clock) -> Outcome:
        """Carry a request to its receiver and the answer back."""
        rng = self._rng
        behaviour = self.receiver(attempt.uri).behaviour
        fate = rng.choices([*BEHAVIOURS[behaviour]], [*BEHAVIOURS[behaviour].values()])[0]
        there, back = self._travel_seconds(behaviour), self._travel_seconds(behaviour)
        # Whether it is far enough on its way to arrive even if its sender dies.
        is_beyond_recall = rng.random() < 0.5
        started_at = clock.now()
        loop = asyncio.get_running_loop()
        began = loop.time()

        def outcome(status: int | None, error: ErrorKind | None, retry_after_seconds: float | None = None) -> Outcome:
            duration_ms = round((loop.time() - began) * 1000)
            return Outcome(status, error, started_at, duration_ms, retry_after_seconds=retry_after_seconds)

        if fate == "refused":
            await asyncio.sleep(there)
            return outcome(None, "connect")
        if fate == "vanishes":
            await asyncio.sleep(TIMEOUT_SECONDS)
            return outcome(None, "timeout")
        arrival = loop.call_later(there, self._invariants.on_arrival, attempt)
        try:
            if fate == "hangs":
                await asyncio.sleep(TIMEOUT_SECONDS)
                return outcome(None, "timeout")
            await asyncio.sleep(there + back)
        except asyncio.CancelledError:
            if not is_beyond_recall:
                arrival.cancel()
            raise
        if fate == "lost":
            return outcome(None, "connect")
        status = int(fate)
        retry_after_seconds = rng.choice((None, 1.0, 8.0)) if status == 503 else None
        return outcome(status, None if status < 300 else "status", retry_after_seconds)

    def _travel_seconds(self, behaviour: str) -> float:
        if behaviour == "slow":
            return self._rng.uniform(0.2, 4)
        return self._rng.choice((0.001, 0.01, 0.05)) * self._rng.uniform(0.5, 4)
