"""Time: the only source of the current time, so that tests and the simulator can control it.

A timestamp is an ``int``: microseconds since the epoch, UTC. Timestamps in API responses are whole seconds.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

SECOND = 1_000_000
MILLISECOND = SECOND // 1000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> int:
        """Return the current time in microseconds since the epoch."""
        ...


class SystemClock:
    """The system clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


def truncate_to_second(timestamp: int) -> int:
    """Round a timestamp down to the second, the precision of the API."""
    return timestamp - timestamp % SECOND


def format_timestamp(timestamp: int) -> str:
    """Format a timestamp as ISO 8601: ``2024-05-21T10:05:00Z`` (``docs/api/conventions.md#responses``)."""
    return _format_second(timestamp // SECOND)


# Lists are requested repeatedly, and every object in them has two timestamps.
@lru_cache(maxsize=16_384)
def _format_second(second: int) -> str:
    # Not strftime: its %Y omits leading zeros of early years.
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:19] + "Z"


def to_timestamp(value: datetime) -> int:
    """Convert a timezone-aware datetime to a timestamp."""
    return (value - _EPOCH) // timedelta(microseconds=1)


def to_datetime(timestamp: int) -> datetime:
    """Convert a timestamp to a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=timestamp)


def midnight(day: str) -> int:
    """Return the timestamp at which a UTC day, ``YYYY-MM-DD``, begins."""
    return to_timestamp(datetime.fromisoformat(day).replace(tzinfo=UTC))
