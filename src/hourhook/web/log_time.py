"""The line "Log time", which every page has: preview, log and undo (``web/time_line.py`` reads it)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hourhook.domain import inputs
from hourhook.domain.entries import editing, previews, reading
from hourhook.domain.entries.editing import EntryCreate
from hourhook.domain.entries.representations import Entry
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.summaries import SimpleProject
from hourhook.errors import FieldError, NotFound, ValidationFailed
from hourhook.web.display import Display
from hourhook.web.forms import FormFields, read_id, safe_redirect_path
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.time_line import Choice, TimeLine, complete, read_line

pages = Pages()


@dataclass(frozen=True, slots=True)
class Question:
    """What a line left open: buttons that answer it, as pairs of a value of the field ``project`` and its words."""

    sentence: str
    answers: Sequence[tuple[str, str]]


@pages.get("/log/preview", template="time_line/preview", is_bare=True)
def preview(view: View) -> Values:
    """Show what a line will become, while it is typed."""
    text = view.argument("line")
    if not text.strip():
        return {"parts": [], "question": None, "completions": None}
    projects = _projects(view)
    line = read_line(text, _day_of(view.argument("day"), view.display), projects)
    return {
        "parts": _describe(view, line),
        "question": question_of(view, line),
        "completions": complete(text, projects),
    }


@pages.post("/log", refused_on="/")
def log(action: Action) -> Redirect:
    """Log the time of a line, or ask what it left open."""
    choice = _read_choice(action.fields)
    day = _day_of(action.fields.get("day", ""), action.display)
    line = read_line(action.fields.get("line", ""), day, _projects(action), choice)
    if line.minutes is None:
        raise _refusal("no_time")
    if choice is None and line.project is None and (line.unknown_names or line.ambiguous):
        raise _refusal("which_project")
    values = {
        "date": line.day.isoformat(),
        "minutes": line.minutes,
        "description": line.description,
        "project_id": None if line.project is None else line.project.id,
        "project_name": None if choice is None else choice.new_name,
    }
    params, errors = inputs.parse(EntryCreate, values, resource="Entry")
    try:
        entry = editing.create(action.tx, action.caller, params, errors)
    except ValidationFailed as refusal:
        # They are all about the line.
        raise ValidationFailed([FieldError(e.resource, "line", e.code) for e in refusal.errors]) from None
    return Redirect(_next(action), f"Logged {_sum_up(entry, action.display)}.", entry.id)


@pages.post("/log/undo", refused_on="/")
def undo(action: Action) -> Redirect:
    """Delete the entry that was just logged."""
    id = read_id(action.fields.get("entry_id", ""))
    if id is None:
        raise NotFound
    entry = reading.show(action.tx, action.caller, id)
    editing.remove(action.tx, action.caller, entry.id)
    return Redirect(_next(action), f"Removed {_sum_up(entry, action.display)}.")


def refused_question(view: View) -> Question | None:
    """Return the question of a refused line, for the page that shows it again."""
    text = view.form.values.get("line")
    if text is None or view.form.errors.get("line") is None:
        return None
    line = read_line(text, _day_of(view.form.value("day"), view.display), _projects(view))
    return question_of(view, line) if line.minutes is not None else None


def question_of(view: View, line: TimeLine) -> Question | None:
    """Return what a line leaves open about its project."""
    if line.project is not None or not (line.unknown_names or line.ambiguous):
        return None
    without = ("none", "Log without a project")
    if line.ambiguous:
        answers = [(f"id:{project.id}", f"Log on {project.name}") for project in line.ambiguous[:5]]
        return Question("Several projects begin like this. Which one?", [*answers, without])
    name = line.unknown_names[0]
    if not view.caller.has_role("leader"):
        return Question(f"There is no project “{name}” among yours.", [without])
    answers = [(f"new:{name}", f"Create {name} and log") for name in line.unknown_names]
    return Question(f"There is no project “{name}” yet.", [*answers, without])


def _describe(view: View, line: TimeLine) -> list[str]:
    """Return what a line will become, in parts: "45 min → 1 h on Harbour map, today", "makes the tag #soundings"."""
    if line.minutes is None:
        return ["Say how long it took, such as 45m or 1:15."]
    display = view.display
    found = previews.preview(view.tx, view.caller, line.minutes, line.project, line.description)
    time = display.minutes(line.minutes)
    if found.minutes != line.minutes:
        time = f"{time} → {display.minutes(found.minutes)}"
    place = f"on {line.project.name}" if line.project else "without a project"
    parts = [f"{time} {place}, {display.relative_day(line.day)}"]
    if found.is_in_unbillable_project and line.project:
        parts.append(f"not billable, as is {line.project.name}")
    elif found.unbillable_tags:
        parts.append(f"not billable because of {' '.join(found.unbillable_tags)}")
    if found.new_tags:
        tags = f"the tag{'s' * (len(found.new_tags) > 1)} {' '.join(found.new_tags)}"
        parts.append(f"makes {tags}" if found.can_create_tags else f"you cannot make {tags}")
    return parts


def _sum_up(entry: Entry, display: Display) -> str:
    place = f"on {entry.project.name}" if entry.project else "without a project"
    day = display.relative_day(entry.date)
    return f"{display.minutes(entry.minutes)} {place}" + ("" if day == "today" else f", {day}")


def _projects(request: View | Action) -> Sequence[SimpleProject]:
    return projects_reading.list_choices(request.tx, request.caller)


def _day_of(text: str, display: Display) -> date:
    """Return the day of the page on which the line was typed."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return display.today


def _read_choice(fields: FormFields) -> Choice | None:
    kind, _, value = fields.get("project", "").partition(":")
    if kind == "id" and (id := read_id(value)) is not None:
        return Choice(project_id=id)
    if kind == "new" and value.strip():
        return Choice(new_name=value)
    return Choice() if kind == "none" else None


def _next(action: Action) -> str:
    return safe_redirect_path(action.fields.get("next", "")) or "/"


def _refusal(code: str) -> ValidationFailed:
    return ValidationFailed([FieldError("Entry", "line", code)])
