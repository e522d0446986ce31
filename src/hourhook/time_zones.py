"""Time zones, and the current date in them.

A zone is stored by its name: an IANA name such as ``Europe/Berlin``, or a fixed offset from UTC such as ``+01:00``.
The rules of named zones are those of the system, or of the package ``tzdata`` on a system without them.
"""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import structlog

from hourhook.clock import to_datetime

# The range of civil time zones.
MIN_OFFSET, MAX_OFFSET = timedelta(hours=-12), timedelta(hours=14)
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-5][0-9])(?::([0-5][0-9]))?")
_log = structlog.get_logger()


def parse_zone(text: str) -> str:
    """Return the name to store for an IANA name in any case, or for an offset such as ``+01:00``.

    Raises ``ValueError`` for anything else.
    """
    offset = _read_offset(text)
    if offset is not None and MIN_OFFSET <= offset <= MAX_OFFSET:
        return name_of_offset(int(offset.total_seconds()))
    name = _names().get(text.casefold())
    if name is None:
        raise ValueError("it is not a time zone; write an IANA name such as Europe/Berlin, or an offset such as +01:00")
    return name


@cache
def choices() -> tuple[str, ...]:
    """Return the names to choose from: ``UTC``, and the zones of places, without old names of countries."""
    regions = {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
    return ("UTC", *sorted(name for name in _names().values() if name.partition("/")[0] in regions and "/" in name))


def name_of_offset(seconds: int) -> str:
    """Return the name of a fixed offset, in seconds east of UTC."""
    if not seconds:
        return "UTC"
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}{f':{rest:02}' if rest else ''}"


@lru_cache(maxsize=1024)
def find_zone(name: str) -> tzinfo:
    """Return the zone with a stored name; UTC, with a warning, if this system no longer knows the name."""
    offset = _read_offset(name)
    if offset is not None:
        return timezone(offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        _log.warning("this system does not know a time zone: UTC is used instead", time_zone=name)
        return UTC


def utc_offset(name: str, now: int) -> int:
    """Return the offset of a zone at a time, in seconds east of UTC."""
    offset = to_datetime(now).astimezone(find_zone(name)).utcoffset()
    return int((offset or timedelta()).total_seconds())


def today(now: int, name: str) -> str:
    """Return the current date in a zone, ``YYYY-MM-DD``."""
    return to_datetime(now).astimezone(find_zone(name)).date().isoformat()


def _read_offset(text: str) -> timedelta | None:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes, seconds = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    return -offset if sign == "-" else offset


@cache
def _names() -> dict[str, str]:
    # ``Factory`` stands for no zone, and ``localtime`` for that of the machine.
    return {name.casefold(): name for name in available_timezones() - {"Factory", "localtime"}}
