"""Elapsed time of a timer, computed from stored timestamps and the clock, so that it runs while the server is down.

Seconds are whole and never negative, even if the clock was set back. ``now`` is a timestamp in microseconds.
"""

from dataclasses import dataclass, replace

from hourhook.clock import SECOND, truncate_to_second
from hourhook.domain.inputs.input_types import MAX_MINUTES

PENDING, RUNNING, PAUSED = "pending", "running", "paused"
# The state in the last broadcast about a timer that was removed.
STOPPED = "stopped"
# The most that fits into an entry.
MAX_SECONDS = MAX_MINUTES * 60


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """The state and elapsed time of a timer."""

    state: str = PENDING
    # The time before the last start; while running, the time since ``started_at`` is added.
    seconds: int = 0
    # The last start, truncated to the second, so that no time is lost by many stops and starts. None before the first.
    started_at: int | None = None
    paused_at: int | None = None

    @property
    def is_running(self) -> bool:
        return self.state == RUNNING

    def elapsed_seconds(self, now: int) -> int:
        if not self.is_running:
            return self.seconds
        assert self.started_at is not None
        return _bounded(self.seconds + max(0, (now - self.started_at) // SECOND))

    def started(self, now: int) -> "Stopwatch":
        """Return a running copy."""
        return replace(self, state=RUNNING, started_at=truncate_to_second(now))

    def paused(self, now: int) -> "Stopwatch":
        """Return a paused copy, or the same one if it is not running."""
        if not self.is_running:
            return self
        return replace(self, state=PAUSED, seconds=self.elapsed_seconds(now), paused_at=now)

    def corrected(self, by_seconds: int, now: int) -> "Stopwatch":
        """Return a copy with time added or subtracted; a pending one that gains time becomes paused."""
        seconds = _bounded(self.elapsed_seconds(now) + by_seconds)
        if self.is_running:
            return replace(self, seconds=seconds, started_at=truncate_to_second(now))
        if self.state == PENDING and seconds:
            return replace(self, state=PAUSED, seconds=seconds, paused_at=now)
        return replace(self, seconds=seconds)

    def merged(self, other: "Stopwatch", now: int) -> "Stopwatch":
        """Return the sum of both, running if one of them is."""
        seconds = _bounded(self.elapsed_seconds(now) + other.elapsed_seconds(now))
        started_at, paused_at = _latest(self.started_at, other.started_at), _latest(self.paused_at, other.paused_at)
        if self.is_running or other.is_running:
            return Stopwatch(RUNNING, seconds, truncate_to_second(now), paused_at)
        state = PENDING if self.state == other.state == PENDING else PAUSED
        return Stopwatch(state, seconds, started_at, paused_at)


def format_time(seconds: int) -> str:
    """Format seconds as ``HH:MM:SS``; hours may have more than two digits."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def round_up_to_minutes(seconds: int) -> int:
    return -(-seconds // 60)


def _bounded(seconds: int) -> int:
    return min(max(0, seconds), MAX_SECONDS)


def _latest(*timestamps: int | None) -> int | None:
    return max((timestamp for timestamp in timestamps if timestamp is not None), default=None)
