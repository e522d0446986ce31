"""``/`` and ``/days/YYYY-MM-DD``: one day of the caller, with the line, timers, entries and the days around it."""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta

from hourhook.domain.entries import daily_totals
from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.entries.daily_totals import DayTotal
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.inbox_entries import reading as inbox_entries
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import MAX_PAGE_SIZE, Pagination
from hourhook.errors import NotFound
from hourhook.web import log_time, timers
from hourhook.web.pages import Pages, Redirect, Values, View

pages = Pages()
DAYS_IN_CHART = 7
# Minutes a day from which the month strip is darker.
_LEVELS = (1, 120, 300, 420)
_WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


@pages.get("/", template="days/day")
def today(view: View) -> Values:
    return _show(view, view.display.today)


@pages.get("/days/{day}", template="days/day")
def show(view: View, day: str) -> Values | Redirect:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise NotFound from None
    if found.isoformat() != day or not 1 < found.year < 9999:
        raise NotFound
    return _show(view, found)


def _show(view: View, day: date) -> Values:
    filters = EntryFilters(from_=day.isoformat(), to=day.isoformat())
    entries = entries_reading.list_for_user(
        view.tx, view.caller, view.caller.user_id, filters, ValidationErrors("Entry"), Pagination(1, MAX_PAGE_SIZE)
    )
    month = [day.replace(day=number + 1) for number in range(calendar.monthrange(day.year, day.month)[1])]
    chart = [day - timedelta(days=back) for back in range(DAYS_IN_CHART)]
    first_weekday = 6 if view.display.week_start == "Sunday" else 0
    first, last = min(month[0], chart[-1]), month[-1]
    totals = daily_totals.read(view.tx, view.caller, first.isoformat(), last.isoformat())
    return {
        "day": day,
        "is_today": day == view.display.today,
        "entries": entries.items,
        "total": _total_of(totals, day),
        "chart": [(found, _total_of(totals, found)) for found in chart],
        "month": [(found, _total_of(totals, found), _level(_total_of(totals, found))) for found in month],
        "weekdays": _WEEKDAYS[first_weekday:] + _WEEKDAYS[:first_weekday],
        "days_before": (month[0].weekday() - first_weekday) % 7,
        "previous": day - timedelta(days=1),
        "next": day + timedelta(days=1),
        "question": log_time.refused_question(view),
        "focus_line": not entries.items,
        "inbox_count": inbox_entries.count_open(view.tx, view.caller),
        **timers.region_values(view),
    }


def _total_of(totals: Mapping[str, DayTotal], day: date) -> DayTotal:
    return totals.get(day.isoformat(), DayTotal())


def _level(total: DayTotal) -> int:
    """Return how dark a day is in the month strip, from 0 to 4."""
    return sum(total.minutes >= level for level in _LEVELS)
