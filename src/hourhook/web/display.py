"""Show numbers, durations, days and times to the person who looks at a page: in their zone and their notation.

The zone is that of the browser, which a script stores in a cookie under its IANA name, or the one chosen in the
preferences; without a cookie it is the user's time zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

from hourhook.clock import SECOND, format_timestamp, to_datetime, to_timestamp

NO_BREAK = "\N{NO-BREAK SPACE}"
_MAX_ZONE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Display:
    """How one request's pages show things, at the time ``now``."""

    now: int
    zone: tzinfo
    # The IANA name of the zone; None if only the UTC offset is known.
    zone_name: str | None = None
    # ``fraction`` (1.25) or ``hours_minutes`` (1:15).
    time_format: str = "hours_minutes"
    week_start: str = "Monday"
    # ``system``, ``light`` or ``dark``.
    theme: str = "system"
    has_keys: bool = True

    @property
    def today(self) -> date:
        return self._local(self.now).date()

    @property
    def zone_label(self) -> str:
        """The name of the zone and its offset now: ``Europe/Berlin (UTC+1)``."""
        offset = format_offset(self._local(self.now).utcoffset() or timedelta())
        return offset if self.zone_name in (None, offset) else f"{self.zone_name} ({offset})"

    def number(self, number: int) -> str:
        """Format an integer with commas: ``12,826``."""
        return f"{number:,}"

    def amount(self, amount: str) -> str:
        """Format a decimal of a representation with commas, in the digits that it has: ``1,234.50``."""
        return f"{Decimal(amount):,}"

    def minutes(self, minutes: int) -> str:
        """Format a duration in words: ``1 h 15 min``."""
        hours, rest = divmod(abs(minutes), 60)
        parts = [f"{hours:,}{NO_BREAK}h"] if hours else []
        if rest or not hours:
            parts.append(f"{rest}{NO_BREAK}min")
        return ("−" if minutes < 0 else "") + NO_BREAK.join(parts)

    def hours(self, minutes: int) -> str:
        """Format a duration for a table, in the user's notation: ``1:15`` or ``1.25``."""
        if self.time_format == "fraction":
            return f"{minutes / 60:,.2f}"
        return f"{minutes // 60:,}:{minutes % 60:02}"

    def clock(self, seconds: int) -> str:
        """Format the elapsed time of a timer: ``1:05:09``."""
        return f"{seconds // 3600:,}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def span(self, seconds: float) -> str:
        """Format how long something takes or is away, roughly: ``38 s``, ``4 min``, ``2 h 5 min``, ``3 days``."""
        whole = max(0, round(seconds))
        if whole < 60:
            return f"{whole}{NO_BREAK}s"
        if whole < 86_400:
            return self.minutes(round(whole / 60))
        days = round(whole / 86_400)
        return f"{days:,}{NO_BREAK}{'day' if days == 1 else 'days'}"

    def until(self, timestamp: int) -> Markup:
        """Return an element that says how far off a time is, which a script counts down by the second; see ``span``."""
        text = self.span((timestamp - self.now) / SECOND)
        return Markup('<span role="timer" data-due="{}">{}</span>').format(timestamp // 1000, text)

    def day(self, day: str | date) -> str:
        """Format a date: ``Tuesday 1 December``, with the year if it is another one."""
        found = _as_date(day)
        year = "" if found.year == self.today.year else f" {found.year}"
        return f"{found:%A} {found.day} {found:%B}{year}"

    def short_day(self, day: str | date) -> str:
        """Format a date: ``1 Dec``, with the year if it is another one."""
        found = _as_date(day)
        year = "" if found.year == self.today.year else f" {found.year}"
        return f"{found.day} {found:%b}{year}"

    def relative_day(self, day: str | date) -> str:
        """Format a date as ``today``, ``yesterday`` or ``tomorrow`` if it is one of them."""
        found = _as_date(day)
        return {0: "today", -1: "yesterday", 1: "tomorrow"}.get((found - self.today).days) or self.day(found)

    def moment(self, moment: int | str, *, seconds: bool = True) -> Markup:
        """Return a ``<time>``: the time of day, with the day unless it is today, and the exact UTC in its title.

        ``moment`` is a timestamp or its ISO form in a representation.
        """
        timestamp = to_timestamp(datetime.fromisoformat(moment)) if isinstance(moment, str) else moment
        local = self._local(timestamp)
        text = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        if local.date() != self.today:
            text = f"{self.short_day(local.date())} {text}"
        exact = to_datetime(timestamp - timestamp % SECOND)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            format_timestamp(timestamp), f"{exact:%Y-%m-%d %H:%M:%S} UTC", escape(text)
        )

    def plain(self, timestamp: int) -> str:
        """Format a time as text, for titles and headings; see ``moment``."""
        return self.moment(timestamp).striptags()

    def ordinal(self, number: int) -> str:
        """Format a place in a row: ``1st``, ``22nd``."""
        suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return f"{number:,}{suffix}"

    def parse_local(self, text: str) -> int | None:
        """Return the timestamp of a date and time in the zone of the page, as a field of a form sends it, or None."""
        try:
            return to_timestamp(datetime.fromisoformat(text).replace(tzinfo=self.zone))
        except (ValueError, OverflowError):
            return None

    def _local(self, timestamp: int) -> datetime:
        return to_datetime(timestamp).astimezone(self.zone)


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name; None if there is no such zone on this machine."""
    if not name or len(name) > _MAX_ZONE_LENGTH or not name.isascii():
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ``OSError`` is for a name that is a folder of the zone database.
        return None


def format_offset(offset: timedelta) -> str:
    """Format an offset: ``UTC+1``, ``UTC−3:30``."""
    minutes = int(offset.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return "UTC" if not minutes else f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}"


def _as_date(day: str | date) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
