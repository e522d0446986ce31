"""``/v2/timers`` and ``/v2/projects/{project_id}/timer``: the caller's own timers (``docs/api/timers.md``)."""

from hourhook.api.endpoints import Call, Endpoints, OkWithLocation
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.timers import editing, reading, recording
from hourhook.domain.timers.editing import TimerAdjust, TimerStart, TimerUpdate
from hourhook.domain.timers.reading import TimerFilters
from hourhook.domain.timers.recording import TimerLog, TimerLogInboxEntry
from hourhook.domain.timers.representations import Timer

endpoints = Endpoints(
    "Timers",
    resource="Timer",
    description="Timers of the caller, at most one for each project. One runs at a time.",
)


@endpoints.get("/v2/timers", by_id=False)
def index(call: Call, params: TimerFilters, errors: ValidationErrors) -> Page[Timer]:
    """List the caller's timers: the running one first, then the paused ones.

    Omits timers that were never started and have no time.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/projects/{project_id}/timer")
def show(call: Call, project_id: int) -> Timer:
    """Show the caller's timer of a project."""
    return reading.show(call.tx, call.caller, project_id)


@endpoints.put("/v2/projects/{project_id}/timer")
def edit(call: Call, project_id: int, params: TimerUpdate, errors: ValidationErrors) -> Timer:
    """Edit the caller's timer of a project.

    Creates a timer in state `pending` if there is none.
    """
    return editing.edit(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/timer/start")
def start(call: Call, project_id: int, params: TimerStart, errors: ValidationErrors) -> OkWithLocation[Timer]:
    """Start or resume the caller's timer of a project.

    Pauses the caller's running timer. Idempotent: a timer that already runs stays unchanged.
    """
    timer = editing.start(call.tx, call.caller, project_id, params, errors)
    return OkWithLocation(timer, timer.url)


@endpoints.put("/v2/projects/{project_id}/timer/pause")
def pause(call: Call, project_id: int) -> Timer:
    """Pause the caller's timer of a project.

    Idempotent: a timer that does not run stays unchanged.
    """
    return editing.pause(call.tx, call.caller, project_id)


@endpoints.put("/v2/projects/{project_id}/timer/add_or_subtract_time", operation_id="adjust_timer")
def add_or_subtract_time(call: Call, project_id: int, params: TimerAdjust, errors: ValidationErrors) -> Timer:
    """Correct the elapsed time of the caller's timer of a project.

    The time never falls below zero. The state stays, but a `pending` timer that gains time becomes `paused`.
    """
    return editing.correct(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/timer/log")
def log(call: Call, project_id: int, params: TimerLog, errors: ValidationErrors) -> None:
    """Log the caller's timer of a project as an entry, and delete the timer.

    Raises `tag.created` for unknown hashtags, then `entry.created`.
    """
    recording.log(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/timer/log_inbox_entry")
def log_inbox_entry(call: Call, project_id: int, params: TimerLogInboxEntry, errors: ValidationErrors) -> None:
    """Log the caller's timer of a project as an inbox entry, and delete the timer."""
    recording.log_inbox_entry(call.tx, call.caller, project_id, params, errors)


@endpoints.delete("/v2/projects/{project_id}/timer")
def discard(call: Call, project_id: int) -> None:
    """Delete the caller's timer of a project without logging its time."""
    editing.discard(call.tx, call.caller, project_id)
