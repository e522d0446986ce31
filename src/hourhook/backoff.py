"""Exponential backoff with jitter: when a failed attempt is retried (``docs/guides/receiving.md#how-to-respond``)."""

from dataclasses import dataclass
from typing import Protocol

from hourhook.clock import SECOND

_JITTER = 0.1


class Jitter(Protocol):
    """A source of random numbers, such as ``random.Random``; tests and the simulator pass a seeded one."""

    def uniform(self, a: float, b: float, /) -> float: ...


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Compute the time of the next attempt: exponential backoff within a retry window.

    The delay is ``base_seconds``, doubled after each failure up to ``cap_seconds``, with 10 % jitter. No attempt is
    made later than ``window_seconds`` after the first one of the window.
    """

    base_seconds: float = 5
    cap_seconds: float = 21_600
    window_seconds: float = 259_200

    def next_attempt_at(
        self,
        failures: int,
        window_started_at: int,
        now: int,
        retry_after_seconds: float | None,
        jitter: Jitter,
    ) -> int | None:
        """Return the time of the next attempt after ``failures`` consecutive failures (1 or more).

        None if it would fall outside the window; then the lane stalls. The receiver's Retry-After is the minimum delay,
        up to the cap.
        """
        if failures < 1:
            raise ValueError("failures must be at least 1")
        doublings = min(failures - 1, 64)  # more would exceed any sensible cap, and overflow
        delay = min(self.base_seconds * 2.0**doublings, self.cap_seconds)
        delay *= jitter.uniform(1 - _JITTER, 1 + _JITTER)
        if retry_after_seconds is not None:
            delay = max(delay, min(retry_after_seconds, self.cap_seconds))
        attempt_at = now + round(delay * SECOND)
        return attempt_at if attempt_at <= window_started_at + round(self.window_seconds * SECOND) else None
