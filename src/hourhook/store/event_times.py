"""Times of events: they never go back within an account, so they stand still while the clock is behind the latest one.

Events whose time stood still are counted and logged (``docs/operating/troubleshooting.md#the-clock-is-wrong``).
"""

import threading
import time

import structlog

from hourhook.clock import SECOND, truncate_to_second

LOG_INTERVAL_SECONDS = 60.0

_log = structlog.get_logger()


class EventTimes:
    """The event times of one process, used by all its writing threads."""

    def __init__(self) -> None:
        self.held_total = 0
        self._lock = threading.Lock()
        self._logged_at: float | None = None

    def next(self, now: int, last_event_at: int) -> int:
        """Return the time of the next event of an account, whose latest event was at ``last_event_at``."""
        return max(truncate_to_second(now), last_event_at)

    def record(self, account_id: int, events_count: int, event_time: int, now: int) -> None:
        """Count events that were written, if their time stood still; log it at most once a minute."""
        if event_time <= now:
            return
        with self._lock:
            self.held_total += events_count
            at = time.monotonic()
            if self._logged_at is not None and at - self._logged_at < LOG_INTERVAL_SECONDS:
                return
            self._logged_at = at
        _log.warning(
            "event times stand still: the clock is behind the latest event",
            account=account_id,
            behind_seconds=(event_time - now) // SECOND,
        )
