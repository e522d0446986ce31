"""``/v2/inbox_entries``: the caller's own inbox (``docs/api/inbox_entries.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.entries.representations import Entry
from hourhook.domain.inbox_entries import editing, logging_entries, reading
from hourhook.domain.inbox_entries.editing import InboxEntryCreate, InboxEntryUpdate
from hourhook.domain.inbox_entries.logging_entries import InboxEntryLog
from hourhook.domain.inbox_entries.reading import InboxEntryFilters
from hourhook.domain.inbox_entries.representations import InboxEntry
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page

endpoints = Endpoints(
    "Inbox entries",
    resource="InboxEntry",
    description="Proposed entries of the caller, to be logged later.",
)


@endpoints.get("/v2/inbox_entries")
def index(call: Call, params: InboxEntryFilters, errors: ValidationErrors) -> Page[InboxEntry]:
    """List the caller's inbox entries, newest date first."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/inbox_entries/{inbox_entry_id}")
def show(call: Call, inbox_entry_id: int) -> InboxEntry:
    """Show an inbox entry."""
    return reading.show(call.tx, call.caller, inbox_entry_id)


@endpoints.post("/v2/inbox_entries")
def create(call: Call, params: InboxEntryCreate, errors: ValidationErrors) -> Created[InboxEntry]:
    """Create an inbox entry.

    It appears in no report, and raises no event, until it is logged.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/inbox_entries/{inbox_entry_id}")
def edit(call: Call, inbox_entry_id: int, params: InboxEntryUpdate, errors: ValidationErrors) -> InboxEntry:
    """Edit an inbox entry that has not been logged."""
    return editing.edit(call.tx, call.caller, inbox_entry_id, params, errors)


@endpoints.post("/v2/inbox_entries/{inbox_entry_id}/log")
def log(call: Call, inbox_entry_id: int, params: InboxEntryLog, errors: ValidationErrors) -> Created[Entry]:
    """Log an inbox entry as an entry.

    Takes the same inputs as logging time. Raises `project.created` and `tag.created` for what it creates, then
    `entry.created`.
    """
    entry = logging_entries.log(call.tx, call.caller, inbox_entry_id, params, errors)
    return Created(entry, entry.url)


@endpoints.delete("/v2/inbox_entries/{inbox_entry_id}")
def remove(call: Call, inbox_entry_id: int) -> None:
    """Delete an inbox entry that has not been logged."""
    editing.remove(call.tx, call.caller, inbox_entry_id)
