"""The one place time comes from, so that tests and the simulator own it.

A *moment* is an ``int``: microseconds since the epoch, UTC. Moments that a caller sees are whole seconds.
"""

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> int:
        """Tell the present moment."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> int:
        """Tell the present moment."""
        return time.time_ns() // 1000


def truncate_to_second(moment: int) -> int:
    """Cut a moment down to its second, the precision that callers see."""
    return moment - moment % SECOND


def format_timestamp(moment: int) -> str:
    """Write a moment as the contract does: ``2024-05-21T10:05:00Z`` (contract, 00-conventions §5)."""
    return _format_second(moment // SECOND)


# Lists are read again and again, and say when each of their objects was made and changed.
@lru_cache(maxsize=16_384)
def _format_second(second: int) -> str:
    # Not strftime, whose %Y leaves out the zeros of early years.
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:19] + "Z"


def to_timestamp(value: datetime) -> int:
    """Turn an aware datetime into a moment."""
    return (value - _EPOCH) // timedelta(microseconds=1)


def to_datetime(moment: int) -> datetime:
    """Turn a moment into a datetime, in UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def midnight(day: str) -> int:
    """The moment at which a UTC day, ``YYYY-MM-DD``, begins."""
    return to_timestamp(datetime.fromisoformat(day).replace(tzinfo=UTC))


def today(now: int, utc_offset: int) -> str:
    """The date, ``YYYY-MM-DD``, that it is for somebody ``utc_offset`` seconds east of UTC."""
    return date.isoformat((_EPOCH + timedelta(microseconds=now, seconds=utc_offset)).date())
