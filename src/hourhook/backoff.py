"""When a failing head is tried again (contract, events §9): exponentially later, within a window."""

from dataclasses import dataclass
from typing import Protocol

from hourhook.clock import SECOND

_JITTER = 0.1


class Jitter(Protocol):
    """A source of chance, as ``random.Random``; tests and the simulator bring a seeded one."""

    def uniform(self, a: float, b: float, /) -> float:
        """Draw a number between two."""
        ...


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """The delays between attempts: ``base_seconds``, doubled after each failure up to ``cap_seconds``.

    No attempt is made later than ``window_seconds`` after the first one of the window.
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
        """Tell the moment of the next attempt after so many failures in a row (1 or more).

        None when that would be after the window's end: then the lane stalls. What the receiver asked for with
        Retry-After is the least delay, up to the cap.
        """
        if failures < 1:
            raise ValueError("a next attempt follows a failure")
        doublings = min(failures - 1, 64)  # past any sensible cap already, and no overflow beyond
        delay = min(self.base_seconds * 2.0**doublings, self.cap_seconds)
        delay *= jitter.uniform(1 - _JITTER, 1 + _JITTER)
        if retry_after_seconds is not None:
            delay = max(delay, min(retry_after_seconds, self.cap_seconds))
        attempt_at = now + round(delay * SECOND)
        return attempt_at if attempt_at <= window_started_at + round(self.window_seconds * SECOND) else None
