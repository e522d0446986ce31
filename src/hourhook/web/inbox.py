"""``/inbox``: the caller's proposed time, to log as it is or with changes, to edit, or to discard."""

from collections.abc import Sequence

from hourhook.domain import inputs
from hourhook.domain.inbox_entries import editing, logging_entries, reading
from hourhook.domain.inbox_entries.editing import InboxEntryUpdate
from hourhook.domain.inbox_entries.logging_entries import InboxEntryLog
from hourhook.domain.inbox_entries.reading import InboxEntryFilters
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.summaries import SimpleProject
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.time_line import read_minutes

PATH = "/inbox"
pages = Pages()


@pages.get(PATH, template="inbox/list")
def index(view: View) -> Values:
    errors = ValidationErrors("InboxEntry")
    found = reading.list_page(view.tx, view.caller, InboxEntryFilters(logged=False), errors, view.pagination)
    return {"proposals": found.items, "total": found.total, "pagination": view.pagination}


@pages.get("/inbox/{inbox_entry_id}", template="inbox/show")
def show(view: View, inbox_entry_id: int) -> Values | Redirect:
    found = reading.show(view.tx, view.caller, inbox_entry_id)
    if found.logged:
        return Redirect(PATH, "This has been logged already.")
    return {"proposal": found, "projects": _project_choices(view)}


@pages.post("/inbox/{inbox_entry_id}")
def save(action: Action, inbox_entry_id: int) -> Redirect:
    """Save the changes, and log the entry if that button was pressed."""
    if action.fields.get("act") == "log":
        params, errors = action.parse(InboxEntryLog, resource="InboxEntry", minutes=_minutes(action))
        logged = logging_entries.log(action.tx, action.caller, inbox_entry_id, params, errors)
        return Redirect(PATH, "Logged.", logged.id)
    changes, errors = action.parse(InboxEntryUpdate, resource="InboxEntry", minutes=_minutes(action))
    editing.edit(action.tx, action.caller, inbox_entry_id, changes, errors)
    return Redirect(PATH, "Saved.")


@pages.post("/inbox/{inbox_entry_id}/log", refused_on="/inbox/{inbox_entry_id}")
def log(action: Action, inbox_entry_id: int) -> Redirect:
    """Log an entry as it was proposed."""
    params, errors = inputs.parse(InboxEntryLog, {}, resource="InboxEntry")
    logged = logging_entries.log(action.tx, action.caller, inbox_entry_id, params, errors)
    return Redirect(PATH, "Logged.", logged.id)


@pages.get("/inbox/{inbox_entry_id}/discard", template="inbox/discard")
def confirm_discard(view: View, inbox_entry_id: int) -> Values:
    return {"proposal": reading.show(view.tx, view.caller, inbox_entry_id)}


@pages.post("/inbox/{inbox_entry_id}/discard")
def discard(action: Action, inbox_entry_id: int) -> Redirect:
    editing.remove(action.tx, action.caller, inbox_entry_id)
    return Redirect(PATH, "Discarded.")


def _minutes(action: Action) -> int | str | None:
    """Return the minutes of the field "Time", or what was typed if it is not a time; None if it is empty."""
    text = action.fields.get("minutes", "").strip()
    minutes = read_minutes(text)
    return (text or None) if minutes is None else minutes


def _project_choices(view: View) -> Sequence[SimpleProject]:
    return projects_reading.list_choices(view.tx, view.caller)
