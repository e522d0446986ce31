"""``/reports``: sums of logged time by one or two groupings, as bars, as a table, as CSV and as XLSX.

The URL is the report: the filters of ``GET /v2/reports/time``, with the second grouping in ``then_by``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hourhook.domain import inputs
from hourhook.domain.inputs import Query
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.reports import reading
from hourhook.domain.reports.groupings import GROUPINGS
from hourhook.domain.reports.reading import ReportFilters
from hourhook.domain.reports.representations import ReportGroup, TimeReport
from hourhook.domain.users import reading as users_reading
from hourhook.web.display import Display
from hourhook.web.form_state import FormState
from hourhook.web.pages import Download, Pages, Values, View
from hourhook.web.rendering import with_query
from hourhook.web.spreadsheets import CSV, XLSX, Cell, write_csv, write_xlsx

PATH = "/reports"
LABELS = {
    "project": "Project",
    "project_group": "Project group",
    "user": "Person",
    "team": "Team",
    "tag": "Tag",
    "date": "Day",
    "week": "Week",
    "month": "Month",
}
# What the page shows; the files have all.
MAX_BARS = 100
MAX_ROWS = 500
_NOTHING = {"project": "No project", "project_group": "No group", "team": "No team", "tag": "No tag"}
_FILTERS_OF = {"project": "project_ids", "user": "user_ids", "tag": "tag_ids"}
_OWN = ("group_by", "then_by", "page")
pages = Pages()


@dataclass(frozen=True, slots=True)
class Line:
    """A group as the page shows it; ``path`` leads to its entries, where the list of entries has a filter for it."""

    label: str
    path: str | None
    group: ReportGroup
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for: its groupings, the form of filters, and the query of the period and the filters."""

    by: Sequence[str]
    form: FormState
    filters: Mapping[str, Sequence[str]]
    report: TimeReport


@pages.get(PATH, template="reports/show")
def show(view: View) -> Values:
    asked = _read(view)
    lines = [*_lines(view.display, asked.filters, asked.report.groups)]
    bars = [line for line in lines if line.depth == 0]
    return {
        "filter": asked.form,
        "report": asked.report,
        "by": asked.by,
        "labels": LABELS,
        "groupings": [(name, LABELS[name]) for name in GROUPINGS],
        "bars": bars[:MAX_BARS],
        "bars_left_out": len(bars[MAX_BARS:]),
        "lines": lines[:MAX_ROWS],
        "left_out": len(lines[MAX_ROWS:]),
        "periods": _periods(view.display),
        "projects": projects_reading.list_choices(view.tx, view.caller),
        "people": users_reading.list_choices(view.tx, view.caller) if view.caller.has_role("coworker") else (),
    }


@pages.get(f"{PATH}/time.csv")
def download_csv(view: View) -> Download:
    asked = _read(view)
    return Download(_file_name(asked, "csv"), CSV, write_csv(_header(asked), _rows(view.display, asked.report.groups)))


@pages.get(f"{PATH}/time.xlsx")
def download_xlsx(view: View) -> Download:
    asked = _read(view)
    rows = [*_rows(view.display, asked.report.groups)]
    return Download(_file_name(asked, "xlsx"), XLSX, write_xlsx("Time", _header(asked), rows))


def _read(view: View) -> Asked:
    """Read the report; a filter that cannot be used is explained in the form, and the rest counts."""
    month = view.display.today.replace(day=1)
    defaults = {"from": month.isoformat(), "to": _last_of_month(month).isoformat(), "group_by": "project"}
    query = {**{name: [value] for name, value in defaults.items()}, **view.query}
    chosen = {name: found for name in ("group_by", "then_by") if (found := view.argument(name)) in GROUPINGS}
    by = [*dict.fromkeys([chosen.get("group_by", "project"), *filter(None, [chosen.get("then_by")])])]
    query = Query({**query, "group_by": by})
    params, errors = inputs.parse(ReportFilters, query, resource="Report")
    reading.check_period(params, errors)
    said = {"to": "Choose at most ten years."} if "to" in errors.messages() else {}
    form = view.filter_state(errors, **defaults)
    form = replace(form, errors={**form.errors, **{name: words for name, words in said.items() if name in form.errors}})
    if form.errors.keys() & {"from", "to"}:
        params.from_, params.to = defaults["from"], defaults["to"]
    report = reading.read(view.tx, view.caller, params, errors, week_start=view.display.week_start)
    filters = {name: found for name, found in query.items() if name not in _OWN and name not in form.errors}
    return Asked(by, form, {**filters, "from": [report.from_], "to": [report.to]}, report)


def _lines(
    display: Display, filters: Mapping[str, Sequence[str]] | None, groups: Sequence[ReportGroup], depth: int = 0
) -> Iterator[Line]:
    for group in groups:
        narrowed = None if filters is None else _narrow(filters, group)
        path = None if narrowed is None else "/entries" + with_query(narrowed)
        yield Line(_label(display, group), path, group, depth)
        yield from _lines(display, narrowed, group.groups, depth + 1)


def _narrow(filters: Mapping[str, Sequence[str]], group: ReportGroup) -> Mapping[str, Sequence[str]] | None:
    """Return the filters of the entries of a group; None if the list of entries has none for it."""
    if group.name is not None and group.by in ("date", "week", "month"):
        first, last = _days_of(group.by, group.name)
        return {**filters, "from": [max(first, filters["from"][0])], "to": [min(last, filters["to"][0])]}
    name = _FILTERS_OF.get(group.by)
    if name is None or group.id is None or (name == "tag_ids" and "tag_filter_type" in filters):
        return None
    others = filters.get("tag_ids", ()) if name == "tag_ids" else ()
    return {**filters, name: [*others, str(group.id)]}


def _days_of(by: str, name: str) -> tuple[str, str]:
    """Return the first and the last day of a group of time."""
    first = date.fromisoformat(f"{name}-01" if by == "month" else name)
    if by == "month":
        return first.isoformat(), _last_of_month(first).isoformat()
    days = min(6 if by == "week" else 0, (date.max - first).days)
    return name, (first + timedelta(days=days)).isoformat()


def _last_of_month(first: date) -> date:
    return date.max if (first.year, first.month) == (9999, 12) else _next_month(first) - timedelta(days=1)


def _next_month(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1, day=1)


def _label(display: Display, group: ReportGroup) -> str:
    if group.name is None:
        return _NOTHING.get(group.by, "Nobody")
    match group.by:
        case "tag":
            return f"#{group.name}"
        case "date":
            found = date.fromisoformat(group.name)
            return f"{found:%a} {display.short_day(found)}"
        case "week":
            return f"Week of {display.short_day(group.name)}"
        case "month":
            found = date.fromisoformat(f"{group.name}-01")
            return f"{found:%B} {found.year}"
    return group.name


def _periods(display: Display) -> list[tuple[str, str, str]]:
    """Return periods to choose: a name, the first and the last day."""
    today = display.today
    week = today - timedelta(days=today.isoweekday() % 7 if display.week_start == "Sunday" else today.weekday())
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    return [
        (name, first.isoformat(), last.isoformat())
        for name, first, last in (
            ("This week", week, week + timedelta(days=6)),
            ("Last week", week - timedelta(days=7), week - timedelta(days=1)),
            ("This month", month, _last_of_month(month)),
            ("Last month", last_month, _last_of_month(last_month)),
            ("This year", today.replace(month=1, day=1), today.replace(month=12, day=31)),
        )
    ]


def _file_name(asked: Asked, ending: str) -> str:
    return f"time-{asked.report.from_}-{asked.report.to}.{ending}"


def _header(asked: Asked) -> list[str]:
    sums = ["Hours", "Minutes", "Billable minutes", "Not billable minutes", "Invoiced minutes", "Not invoiced minutes"]
    return [*(LABELS[name] for name in asked.by), *sums]


def _rows(display: Display, groups: Sequence[ReportGroup], before: Sequence[str] = ()) -> Iterator[list[Cell]]:
    """Yield a row for each innermost group."""
    for group in groups:
        names = [*before, group.name if group.name is not None else _NOTHING.get(group.by, "")]
        if group.groups:
            yield from _rows(display, group.groups, names)
            continue
        hours = round(group.minutes / 60, 2)
        sums = (group.minutes, group.billable_minutes, group.unbillable_minutes)
        yield [*names, hours, *sums, group.invoiced_minutes, group.uninvoiced_minutes]
