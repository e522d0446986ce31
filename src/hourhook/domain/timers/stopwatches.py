"""How long a timer has run: worked out from stored moments and the clock, so that it runs on while no server does.

Seconds are whole and never negative, even where the clock was set back. ``now`` is the present moment.
"""

from dataclasses import dataclass, replace

from hourhook.clock import SECOND, truncate_to_second
from hourhook.domain.inputs.input_types import MAX_MINUTES

PENDING, RUNNING, PAUSED = "pending", "running", "paused"
# Of a timer that is no more.
STOPPED = "stopped"
# What fits into an entry.
MAX_SECONDS = MAX_MINUTES * 60


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """What runs in a timer."""

    state: str = PENDING
    # Until it was started the last time; what runs has the time since ``started_at`` on top.
    seconds: int = 0
    # The last time, in whole seconds: so nothing is lost by stopping and starting often. None before the first.
    started_at: int | None = None
    paused_at: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether time passes for it."""
        return self.state == RUNNING

    def elapsed_seconds(self, now: int) -> int:
        """How long it has run."""
        if not self.is_running:
            return self.seconds
        assert self.started_at is not None
        return _bounded(self.seconds + max(0, (now - self.started_at) // SECOND))

    def started(self, now: int) -> "Stopwatch":
        """The same, running."""
        return replace(self, state=RUNNING, started_at=truncate_to_second(now))

    def paused(self, now: int) -> "Stopwatch":
        """The same, no longer running."""
        if not self.is_running:
            return self
        return replace(self, state=PAUSED, seconds=self.elapsed_seconds(now), paused_at=now)

    def corrected(self, by_seconds: int, now: int) -> "Stopwatch":
        """The same with more time, or less; a pending one that gains some has something to resume: it is paused."""
        seconds = _bounded(self.elapsed_seconds(now) + by_seconds)
        if self.is_running:
            return replace(self, seconds=seconds, started_at=truncate_to_second(now))
        if self.state == PENDING and seconds:
            return replace(self, state=PAUSED, seconds=seconds, paused_at=now)
        return replace(self, seconds=seconds)

    def merged(self, other: "Stopwatch", now: int) -> "Stopwatch":
        """Both in one, running if one of them does."""
        seconds = _bounded(self.elapsed_seconds(now) + other.elapsed_seconds(now))
        started_at, paused_at = _latest(self.started_at, other.started_at), _latest(self.paused_at, other.paused_at)
        if self.is_running or other.is_running:
            return Stopwatch(RUNNING, seconds, truncate_to_second(now), paused_at)
        state = PENDING if self.state == other.state == PENDING else PAUSED
        return Stopwatch(state, seconds, started_at, paused_at)


def format_time(seconds: int) -> str:
    """Write seconds as ``HH:MM:SS``; hours may take more than two digits."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def round_up_to_minutes(seconds: int) -> int:
    """Seconds in minutes, begun ones counted whole."""
    return -(-seconds // 60)


def _bounded(seconds: int) -> int:
    return min(max(0, seconds), MAX_SECONDS)


def _latest(*moments: int | None) -> int | None:
    return max((moment for moment in moments if moment is not None), default=None)
