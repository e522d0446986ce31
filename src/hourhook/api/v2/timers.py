"""``/v2/timers`` and ``/v2/projects/{project_id}/timer``: the caller's own timers (contract, timers.md)."""

from hourhook.api.endpoints import Call, Endpoints, OkWithLocation
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.timers import editing, reading, recording
from hourhook.domain.timers.editing import TimerChanges, TimerCorrection, TimerStart
from hourhook.domain.timers.reading import TimerFilters
from hourhook.domain.timers.recording import TimerInboxLog, TimerLog
from hourhook.domain.timers.representations import Timer

endpoints = Endpoints("Timers", resource="Timer")


@endpoints.get("/v2/timers")
def index(call: Call, params: TimerFilters, errors: ValidationErrors) -> Page[Timer]:
    """List the caller's own timers, the running one first, then the paused ones.

    Those that were never started and have no time are left out.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/projects/{project_id}/timer")
def show(call: Call, project_id: int) -> Timer:
    """Show the caller's timer of a project."""
    return reading.show(call.tx, call.caller, project_id)


@endpoints.put("/v2/projects/{project_id}/timer")
def edit(call: Call, project_id: int, params: TimerChanges, errors: ValidationErrors) -> Timer:
    """Edit the caller's timer of a project.

    Makes one, in state `pending`, where there is none.
    """
    return editing.edit(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/timer/start")
def start(call: Call, project_id: int, params: TimerStart, errors: ValidationErrors) -> OkWithLocation[Timer]:
    """Start the caller's timer of a project, or resume it.

    Pauses the timer that the caller has running. One that runs already stays as it is.
    """
    timer = editing.start(call.tx, call.caller, project_id, params, errors)
    return OkWithLocation(timer, timer.url)


@endpoints.put("/v2/projects/{project_id}/timer/pause")
def pause(call: Call, project_id: int) -> Timer:
    """Pause the caller's timer of a project.

    One that does not run stays as it is.
    """
    return editing.pause(call.tx, call.caller, project_id)


@endpoints.put("/v2/projects/{project_id}/timer/add_or_subtract_time")
def add_or_subtract_time(call: Call, project_id: int, params: TimerCorrection, errors: ValidationErrors) -> Timer:
    """Correct the elapsed time of the caller's timer of a project.

    It never falls below zero. The state stays, but a `pending` timer that gains time becomes `paused`.
    """
    return editing.correct(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/timer/log")
def log(call: Call, project_id: int, params: TimerLog, errors: ValidationErrors) -> None:
    """Turn the caller's timer of a project into an entry, and remove it.

    Raises `tag.created` for unknown hashtags, then `entry.created`.
    """
    recording.log(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/timer/log_inbox_entry")
def log_inbox_entry(call: Call, project_id: int, params: TimerInboxLog, errors: ValidationErrors) -> None:
    """Turn the caller's timer of a project into an inbox entry, and remove it."""
    recording.log_inbox_entry(call.tx, call.caller, project_id, params, errors)


@endpoints.delete("/v2/projects/{project_id}/timer")
def discard(call: Call, project_id: int) -> None:
    """Discard the caller's timer of a project, without recording its time."""
    editing.discard(call.tx, call.caller, project_id)
