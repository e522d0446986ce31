"""``/weeks/YYYY-Www``: a week as a grid, of the caller or, for leaders, of another person (``?person=``)."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from hourhook.domain import inputs
from hourhook.domain.entries import editing, reading
from hourhook.domain.entries.editing import EntryCreate, EntryUpdate
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import MAX_PAGE_SIZE, Pagination
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.users import reading as users_reading
from hourhook.errors import FieldError, NotFound, ValidationFailed
from hourhook.web.forms import read_id, safe_redirect_path
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.time_line import read_minutes
from hourhook.web.week_grid import DAYS, MAX_ROWS, RowKey, build_rows, key_of, read_key

PATH = "/weeks"
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")
pages = Pages()


@pages.get(PATH)
def current(view: View) -> Redirect:
    return Redirect(path_of(view.display.today))


@pages.get("/weeks/{week}", template="weeks/week")
def show(view: View, week: str) -> Values:
    monday = monday_of(week)
    person_id = _person_of(view, view.argument("person"))
    more = [key for text in view.query.get("row", ())[:MAX_ROWS] if (key := read_key(text)) is not None]
    projects = projects_reading.list_choices(view.tx, view.caller)
    rows = build_rows(view.caller, monday, _entries(view, person_id, monday), more, projects)
    query = {"person": [str(person_id)]} if person_id != view.caller.user_id else {}
    return {
        "rows": rows,
        "days": [monday + timedelta(days=index) for index in range(DAYS)],
        "day_totals": [sum(row.cells[index].minutes for row in rows) for index in range(DAYS)],
        "total": sum(row.minutes for row in rows),
        "number": monday.isocalendar().week,
        "week": week,
        "projects": projects,
        "people": users_reading.list_choices(view.tx, view.caller) if view.caller.has_role("leader") else (),
        "person_id": person_id,
        "here": _url(week, {**query, "row": [key.text for key in more]}),
        "this": _url(week, query),
        "previous": _url(week_of(monday - timedelta(days=DAYS)), query),
        "next": _url(week_of(monday + timedelta(days=DAYS)), query),
    }


@pages.post("/weeks/{week}")
def save(action: Action, week: str) -> Redirect:
    """Save the cells that were changed; all or, if one is refused, none."""
    monday, fields = monday_of(week), action.fields
    person_id = _person_of(action, fields.get("person", ""))
    by_cell: dict[tuple[RowKey, str], list[Entry]] = {}
    for entry in _entries(action, person_id, monday):
        by_cell.setdefault((key_of(entry), entry.date), []).append(entry)
    errors: list[FieldError] = []
    for name, typed in fields.items():
        match = re.fullmatch(r"cell_([0-9]{1,3})_([0-6])", name)
        if match is None or typed.strip() == fields.get(f"was_{match[1]}_{match[2]}", "").strip():
            continue
        key = read_key(fields.get(f"row_{match[1]}", ""))
        if key is None:
            raise NotFound
        day = (monday + timedelta(days=int(match[2]))).isoformat()
        try:
            _set_cell(action, person_id, key, day, typed, by_cell.get((key, day), []))
        except ValidationFailed as refusal:
            errors += [FieldError("Entry", name, error.code) for error in refusal.errors]
    if errors:
        raise ValidationFailed(errors)
    return Redirect(safe_redirect_path(fields.get("next", "")) or f"{PATH}/{week}")


@pages.post("/weeks/{week}/rows", refused_on="/weeks/{week}")
def add_rows(action: Action, week: str) -> Redirect:
    """Add a row, or take over those of the week before, with their hours if wanted."""
    monday, fields = monday_of(week), action.fields
    person_id = _person_of(action, fields.get("person", ""))
    query: dict[str, list[str]] = {"row": list(fields.lists.get("row", ()))[:MAX_ROWS]}
    if person_id != action.caller.user_id:
        query["person"] = [str(person_id)]
    kind = fields.get("take_over", "")
    if not kind:
        key = read_key(f"{fields.get('project_id') or 0}:{fields.get('description', '').strip()}")
        query["row"] += [] if key is None else [key.text]
        return Redirect(_url(week, query))
    before = _entries(action, person_id, monday - timedelta(days=DAYS))
    query["row"] += [text for text in dict.fromkeys(key_of(entry).text for entry in before) if text not in query["row"]]
    if kind == "hours":
        taken = {(key_of(entry), entry.date) for entry in _entries(action, person_id, monday)}
        for entry in reversed(before):
            day = (date.fromisoformat(entry.date) + timedelta(days=DAYS)).isoformat()
            is_open = entry.project is None or entry.project.enabled
            if is_open and (key_of(entry), day) not in taken:
                _create(action, person_id, key_of(entry), day, entry.minutes)
        return Redirect(_url(week, query), "Took over the rows and hours of the week before.")
    return Redirect(_url(week, query))


def path_of(day: date) -> str:
    """Return the path of the week of a day."""
    return f"{PATH}/{week_of(day)}"


def week_of(day: date) -> str:
    """Return the ISO week of a day: ``2026-W49``."""
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def _set_cell(action: Action, person_id: int, key: RowKey, day: str, typed: str, entries: Sequence[Entry]) -> None:
    minutes = read_minutes(typed) if typed.strip() else 0
    if minutes is None:
        raise ValidationFailed([FieldError("Entry", "minutes", "invalid")])
    if len(entries) > 1:
        raise ValidationFailed([FieldError("Entry", "minutes", "several_entries")])
    if not entries:
        if minutes:
            _create(action, person_id, key, day, minutes)
    elif minutes:
        params, errors = inputs.parse(EntryUpdate, {"minutes": minutes}, resource="Entry")
        editing.edit(action.tx, action.caller, entries[0].id, params, errors)
    else:
        editing.remove(action.tx, action.caller, entries[0].id)


def _create(action: Action, person_id: int, key: RowKey, day: str, minutes: int) -> None:
    values = {
        "date": day,
        "minutes": minutes,
        "description": key.description,
        "project_id": key.project_id or None,
        "user_id": person_id,
    }
    params, errors = inputs.parse(EntryCreate, values, resource="Entry")
    editing.create(action.tx, action.caller, params, errors)


def _entries(request: View | Action, person_id: int, monday: date) -> Sequence[Entry]:
    sunday = monday + timedelta(days=DAYS - 1)
    filters = EntryFilters(from_=monday.isoformat(), to=sunday.isoformat(), user_ids=[person_id])
    errors, pagination = ValidationErrors("Entry"), Pagination(1, MAX_PAGE_SIZE)
    return reading.list_without_total(request.tx, request.caller, filters, errors, pagination)


def _person_of(request: View | Action, text: str) -> int:
    """Return whose week it is; raises ``NotFound`` for somebody else's, except to leaders."""
    if not text or text == str(request.caller.user_id):
        return request.caller.user_id
    id = read_id(text)
    if id is None or not request.caller.has_role("leader"):
        raise NotFound
    return users_reading.show(request.tx, request.caller, id).id


def monday_of(week: str) -> date:
    match = _WEEK.fullmatch(week)
    try:
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        monday = None
    if monday is None or not 1 < monday.year < 9998:
        raise NotFound
    return monday


def _url(week: str, query: dict[str, list[str]]) -> str:
    pairs = [(name, value) for name, values in query.items() for value in values]
    return f"{PATH}/{week}" + (f"?{urlencode(pairs)}" if pairs else "")
