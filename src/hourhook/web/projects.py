"""``/projects``: list, create, show, edit, archive, merge and delete; budgets are shown to leaders only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hourhook.domain import inputs
from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.expenses import reading as expenses_reading
from hourhook.domain.expenses.reading import ExpenseFilters
from hourhook.domain.inputs import Query, ValidationErrors
from hourhook.domain.pages import Pagination
from hourhook.domain.project_groups import reading as project_groups_reading
from hourhook.domain.projects import archiving, editing, merging, reading, rules
from hourhook.domain.projects.editing import ProjectCreate, ProjectUpdate
from hourhook.domain.projects.merging import ProjectMerge
from hourhook.domain.projects.reading import INCREMENTS, ProjectFilters
from hourhook.domain.projects.representations import Project
from hourhook.domain.reports import reading as reports_reading
from hourhook.domain.reports.reading import ReportFilters
from hourhook.domain.reports.representations import ReportGroup
from hourhook.errors import FieldError, ValidationFailed
from hourhook.web.forms import read_id
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/projects"
LATEST = 10
WEEKS = 12
MAX_BARS = 12
# Of the sums by person, since a report covers ten years.
_YEARS_BACK = 9
# Tags are summed up entry by entry: of about ten thousand at most, unless there are more in one week.
_MAX_MINUTES_OF_TAGS = 500_000
_HOURS = re.compile(r"(\d{1,6})(?:[.,](\d{1,4})|:([0-5]\d))?")
pages = Pages()


@dataclass(frozen=True, slots=True)
class Week:
    """The sums of a week."""

    first: date
    minutes: int
    billable_minutes: int

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)

    @property
    def unbillable_minutes(self) -> int:
        return self.minutes - self.billable_minutes


@pages.get(PATH, template="projects/list")
def index(view: View) -> Values:
    """List projects; without a filter the active ones."""
    params, errors = view.parse(ProjectFilters, resource="Project", enabled="true")
    filter_state = view.filter_state(errors, enabled="true")
    found = reading.list_page(view.tx, view.caller, params, errors, view.pagination, include_invoices=False)
    return {
        "filter": filter_state,
        "projects": found.items,
        "total": found.total,
        "pagination": view.pagination,
        "is_archive": params.enabled is False,
        "share": budget_share,
    }


@pages.get("/projects/new", template="projects/new", role="leader")
def new(view: View) -> Values:
    return _choices(view)


@pages.post("/projects/new", role="leader")
def create(action: Action) -> Redirect:
    params, errors = action.parse(ProjectCreate, resource="Project", **_read_fields(action))
    project = editing.create(action.tx, action.caller, params, errors)
    return Redirect(f"{PATH}/{project.id}", "Project created.")


@pages.get("/projects/{project_id}", template="projects/show")
def show(view: View, project_id: int) -> Values:
    project = reading.show(view.tx, view.caller, project_id)
    latest = Pagination(1, LATEST)
    expenses = expenses_reading.list_page(
        view.tx, view.caller, ExpenseFilters(project_ids=[project_id]), ValidationErrors("Expense"), latest
    )
    entries = entries_reading.list_without_total(
        view.tx, view.caller, EntryFilters(project_ids=[project_id]), ValidationErrors("Entry"), latest
    )
    return {
        "project": project,
        "people": _by_person(view, project_id),
        **_by_week_and_tag(view, project_id, entries),
        "entries": entries,
        "expenses": expenses.items,
        "share": budget_share,
        "is_used": rules.is_used(project),
        "can_invoice": view.caller.has_role("leader") and view.caller.has_feature("invoicing"),
    }


@pages.get("/projects/{project_id}/edit", template="projects/edit", role="leader")
def edit(view: View, project_id: int) -> Values | Redirect:
    project = reading.show(view.tx, view.caller, project_id)
    if not project.enabled:
        return Redirect(f"{PATH}/{project_id}", "This project is archived. Reactivate it before you edit it.")
    return {**_choices(view), "project": project}


@pages.post("/projects/{project_id}/edit", role="leader")
def save(action: Action, project_id: int) -> Redirect:
    params, errors = action.parse(ProjectUpdate, resource="Project", **_read_fields(action))
    editing.edit(action.tx, action.caller, project_id, params, errors)
    return Redirect(f"{PATH}/{project_id}", "Saved.")


@pages.get("/projects/{project_id}/archive", template="projects/archive", role="leader")
def confirm_archive(view: View, project_id: int) -> Values:
    return _confirm(view, project_id)


@pages.post("/projects/{project_id}/archive", role="leader")
def archive(action: Action, project_id: int) -> Redirect:
    archiving.archive(action.tx, action.caller, project_id)
    return Redirect(f"{PATH}/{project_id}", "Project archived.")


@pages.post("/projects/{project_id}/unarchive", role="leader", refused_on="/projects/{project_id}")
def unarchive(action: Action, project_id: int) -> Redirect:
    archiving.unarchive(action.tx, action.caller, project_id)
    return Redirect(f"{PATH}/{project_id}", "Project reactivated.")


@pages.get("/projects/{project_id}/merge", template="projects/merge", role="leader")
def confirm_merge(view: View, project_id: int) -> Values:
    others = [other for other in reading.list_choices(view.tx, view.caller) if other.id != project_id]
    return {**_confirm(view, project_id), "others": others}


@pages.post("/projects/{project_id}/merge", role="leader")
def merge(action: Action, project_id: int) -> Redirect:
    """Merge the project into the one that was chosen."""
    text = action.fields.get("into", "")
    if not text:
        raise ValidationFailed([FieldError("Project", "into", "missing_field")])
    into = read_id(text)
    others = [other.id for other in reading.list_choices(action.tx, action.caller) if other.id != project_id]
    if into is None or into not in others:
        raise ValidationFailed([FieldError("Project", "into", "missing")])
    merged = reading.show(action.tx, action.caller, project_id)
    rules.refuse_archived(merged)
    params, errors = inputs.parse(ProjectMerge, {"project_id": project_id}, resource="Project")
    merging.merge(action.tx, action.caller, into, params, errors)
    return Redirect(f"{PATH}/{into}", f"Merged {merged.name} into this project.")


@pages.get("/projects/{project_id}/delete", template="projects/delete", role="leader")
def confirm_delete(view: View, project_id: int) -> Values:
    return _confirm(view, project_id)


@pages.post("/projects/{project_id}/delete", role="leader")
def delete(action: Action, project_id: int) -> Redirect:
    editing.remove(action.tx, action.caller, project_id)
    return Redirect(PATH, "Project deleted.")


def budget_share(project: Project) -> int:
    """Return how much of the budget is used, in percent; a budget of nothing is used by anything."""
    used, budget = project.billable_minutes, project.budgeted_minutes or 0
    return round(100 * used / budget) if budget else 100 if used else 0


def _confirm(view: View, project_id: int) -> dict[str, object]:
    project = reading.show(view.tx, view.caller, project_id)
    return {"project": project, "is_used": rules.is_used(project)}


def _choices(view: View) -> dict[str, object]:
    increments = [(number, "Not rounded" if number == 1 else view.display.minutes(number)) for number in INCREMENTS]
    return {
        "groups": project_groups_reading.list_choices(view.tx, view.caller),
        "increment_options": increments,
        "increment": view.caller.default_billing_increment,
    }


def _read_fields(action: Action) -> dict[str, object]:
    """Return the fields whose values differ from the inputs of the domain."""
    text = action.fields.get("budgeted_minutes", "").strip()
    found = _HOURS.fullmatch(text.replace(" ", ""))
    budget: object = text
    if found:
        hours, fraction, minutes = found.groups()
        budget = int(hours) * 60 + (round(float(f"0.{fraction}") * 60) if fraction else int(minutes or 0))
    return {"budgeted_minutes": budget if text else None, "billable": "billable" in action.fields}


def _by_person(view: View, project_id: int) -> Sequence[ReportGroup]:
    today = view.display.today
    first, last = today - timedelta(days=365 * _YEARS_BACK), today + timedelta(days=365)
    return _report(view, project_id, first, last, ["user"])[:MAX_BARS]


def _by_week_and_tag(view: View, project_id: int, entries: Sequence[Entry]) -> dict[str, object]:
    """Return the sums of the last weeks up to the newest entry, by week and by tag: more would take long to read."""
    if not entries:
        return {"weeks": [], "tags": [], "days": None}
    newest = date.fromisoformat(entries[0].date)
    first_weekday = 6 if view.display.week_start == "Sunday" else 0
    begin = newest - timedelta(days=(newest.weekday() - first_weekday) % 7)
    first = max(begin, date.min + timedelta(weeks=WEEKS)) - timedelta(weeks=WEEKS - 1)
    groups = _report(view, project_id, first, newest, ["week"])
    weeks = [Week(date.fromisoformat(each.name or ""), each.minutes, each.billable_minutes) for each in groups][::-1]
    minutes = 0
    for week in weeks:
        minutes += week.minutes
        if minutes > _MAX_MINUTES_OF_TAGS and week is not weeks[0]:
            break
        first = week.first
    return {
        "weeks": weeks,
        "tags": _report(view, project_id, first, newest, ["tag"])[:MAX_BARS],
        "days": (first, newest),
    }


def _report(view: View, project_id: int, first: date, last: date, by: list[str]) -> Sequence[ReportGroup]:
    query = Query(
        {
            "from": [first.isoformat()],
            "to": [last.isoformat()],
            "project_ids": [str(project_id)],
            "group_by": by,
        }
    )
    params, errors = inputs.parse(ReportFilters, query, resource="Report")
    found = reports_reading.read(view.tx, view.caller, params, errors, week_start=view.display.week_start)
    return found.groups
