"""``/timers``: the caller's timers. One runs at a time; Today shows the same region."""

from collections.abc import Sequence

from hourhook.domain import inputs
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import MAX_PAGE_SIZE, Pagination
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.timers import editing, reading, recording
from hourhook.domain.timers.editing import TimerAdjust, TimerStart
from hourhook.domain.timers.reading import TimerFilters
from hourhook.domain.timers.recording import TimerLog, TimerLogInboxEntry
from hourhook.domain.timers.representations import Timer
from hourhook.errors import FieldError, ValidationFailed
from hourhook.web.forms import read_id, safe_redirect_path
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/timers"
pages = Pages()


def region_values(view: View) -> Values:
    """Return the values of ``timers/region.html``: the timers, and the projects that a new one can have."""
    timers = list_timers(view)
    taken = {timer.project.id for timer in timers}
    projects = projects_reading.list_choices(view.tx, view.caller)
    choices = [(project.id, project.name) for project in projects if project.id not in taken]
    return {"timers": timers, "running": [timer for timer in timers if timer.state == "running"], "projects": choices}


def list_timers(view: View) -> Sequence[Timer]:
    """Return all timers: the running one, then the paused ones."""
    errors = ValidationErrors("Timer")
    return reading.list_page(view.tx, view.caller, TimerFilters(), errors, Pagination(1, MAX_PAGE_SIZE)).items


@pages.get(PATH, template="timers/list")
def index(view: View) -> Values:
    return region_values(view)


@pages.post("/timers/start", refused_on=PATH)
def start_new(action: Action) -> Redirect:
    """Start a timer on the project that was chosen."""
    id = read_id(action.fields.get("project_id", ""))
    if id is None:
        raise ValidationFailed([FieldError("Timer", "project_id", "missing_field")])
    return start(action, id)


@pages.post("/timers/{project_id}/start", refused_on=PATH)
def start(action: Action, project_id: int) -> Redirect:
    params, errors = inputs.parse(TimerStart, {"entry_date": action.display.today.isoformat()}, resource="Timer")
    editing.start(action.tx, action.caller, project_id, params, errors)
    return Redirect(_next(action))


@pages.post("/timers/{project_id}/pause", refused_on=PATH)
def pause(action: Action, project_id: int) -> Redirect:
    editing.pause(action.tx, action.caller, project_id)
    return Redirect(_next(action))


@pages.post("/timers/{project_id}/adjust", refused_on=PATH)
def adjust(action: Action, project_id: int) -> Redirect:
    params, errors = action.parse(TimerAdjust, resource="Timer")
    editing.correct(action.tx, action.caller, project_id, params, errors)
    return Redirect(_next(action))


@pages.post("/timers/{project_id}/log", refused_on=PATH)
def log(action: Action, project_id: int) -> Redirect:
    """Log a timer as an entry."""
    timer = reading.show(action.tx, action.caller, project_id)
    params, errors = action.parse(TimerLog, resource="Timer")
    recording.log(action.tx, action.caller, project_id, params, errors)
    return Redirect(_next(action), f"Logged the timer of {timer.project.name}.")


@pages.post("/timers/{project_id}/inbox", refused_on=PATH)
def log_to_inbox(action: Action, project_id: int) -> Redirect:
    timer = reading.show(action.tx, action.caller, project_id)
    params, errors = inputs.parse(TimerLogInboxEntry, {}, resource="Timer")
    recording.log_inbox_entry(action.tx, action.caller, project_id, params, errors)
    return Redirect(_next(action), f"Moved the timer of {timer.project.name} to the inbox.")


@pages.get("/timers/{project_id}/discard", template="timers/discard")
def confirm_discard(view: View, project_id: int) -> Values:
    return {"timer": reading.show(view.tx, view.caller, project_id)}


@pages.post("/timers/{project_id}/discard")
def discard(action: Action, project_id: int) -> Redirect:
    timer = reading.show(action.tx, action.caller, project_id)
    editing.discard(action.tx, action.caller, project_id)
    return Redirect(PATH, f"Discarded the timer of {timer.project.name}.")


def _next(action: Action) -> str:
    return safe_redirect_path(action.fields.get("next", "")) or PATH
