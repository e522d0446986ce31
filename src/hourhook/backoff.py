"""Exponential backoff with jitter: when a failed attempt is retried (``docs/guides/receiving.md#how-to-respond``)."""

from dataclasses import dataclass
from typing import Protocol

_JITTER = 0.1


class Jitter(Protocol):
    """A source of random numbers, such as ``random.Random``; tests and the simulator pass a seeded one."""

    def uniform(self, a: float, b: float, /) -> float: ...


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Compute the delay before the next attempt: exponential backoff within a retry window.

    The delay is ``base_seconds``, doubled after each failure up to ``cap_seconds``, with 10 % jitter. No attempt is
    made later than ``window_seconds`` after the first one of the window.
    """

    base_seconds: float = 1
    cap_seconds: float = 21_600
    window_seconds: float = 259_200

    @property
    def longest_delay_seconds(self) -> float:
        """The longest delay that ``next_delay_seconds`` can return."""
        return self.cap_seconds * (1 + _JITTER)

    def next_delay_seconds(
        self, failures: int, elapsed_seconds: float, retry_after_seconds: float | None, jitter: Jitter
    ) -> float | None:
        """Return the delay before the next attempt after ``failures`` consecutive failures (1 or more).

        ``elapsed_seconds`` is how much of the window has passed. None if the attempt would fall outside the window;
        then the lane stalls. The receiver's Retry-After is the minimum delay, up to the cap.
        """
        if failures < 1:
            raise ValueError("failures must be at least 1")
        delay = self._nominal_delay_seconds(failures) * jitter.uniform(1 - _JITTER, 1 + _JITTER)
        if retry_after_seconds is not None:
            delay = max(delay, min(retry_after_seconds, self.cap_seconds))
        return delay if elapsed_seconds + delay <= self.window_seconds else None

    def nominal_seconds_before(self, attempt: int) -> float:
        """Return the sum of the delays before an attempt, without jitter; attempts count from 1."""
        return sum(self._nominal_delay_seconds(failures) for failures in range(1, attempt))

    def _nominal_delay_seconds(self, failures: int) -> float:
        doublings = min(failures - 1, 64)  # more would exceed any sensible cap, and overflow
        return min(self.base_seconds * 2.0**doublings, self.cap_seconds)
