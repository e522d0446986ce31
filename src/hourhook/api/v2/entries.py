"""``/v2/entries``, and the entries of one user, team, project, group or tag (``docs/api/entries.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.entries import approving, editing, invoicing, reading
from hourhook.domain.entries.approving import FEATURE, EntriesApprove, EntryApprove, EntryIds
from hourhook.domain.entries.editing import EntryCreate, EntryUpdate
from hourhook.domain.entries.invoicing import EntriesMarkAsInvoiced, EntryMarkAsInvoiced
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page

endpoints = Endpoints(
    "Entries",
    resource="Entry",
    description="Logged time, which can be approved and invoiced.",
)


@endpoints.get("/v2/entries")
def index(call: Call, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List entries, newest date first.

    Coworkers see the entries of their assigned projects; contractors see their own entries in those.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/current_user/entries")
def index_of_caller(call: Call, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List the caller's own entries."""
    return reading.list_for_user(call.tx, call.caller, call.caller.user_id, params, errors, call.pagination)


@endpoints.get("/v2/users/{user_id}/entries")
def index_of_user(call: Call, user_id: int, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List a user's entries."""
    return reading.list_for_user(call.tx, call.caller, user_id, params, errors, call.pagination)


@endpoints.get("/v2/teams/{team_id}/entries", role="coworker")
def index_of_team(call: Call, team_id: int, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List the entries of a team's members."""
    return reading.list_for_team(call.tx, call.caller, team_id, params, errors, call.pagination)


@endpoints.get("/v2/projects/{project_id}/entries")
def index_of_project(call: Call, project_id: int, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List the entries of a project."""
    return reading.list_for_project(call.tx, call.caller, project_id, params, errors, call.pagination)


@endpoints.get("/v2/project_groups/{project_group_id}/entries", role="coworker")
def index_of_project_group(
    call: Call, project_group_id: int, params: EntryFilters, errors: ValidationErrors
) -> Page[Entry]:
    """List the entries of the projects of a group."""
    return reading.list_for_project_group(call.tx, call.caller, project_group_id, params, errors, call.pagination)


@endpoints.get("/v2/tags/{tag_id}/entries")
def index_of_tag(call: Call, tag_id: int, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List the entries with a tag."""
    return reading.list_for_tag(call.tx, call.caller, tag_id, params, errors, call.pagination)


@endpoints.get("/v2/entries/{entry_id}")
def show(call: Call, entry_id: int) -> Entry:
    """Show an entry."""
    return reading.show(call.tx, call.caller, entry_id)


@endpoints.post("/v2/entries")
def create(call: Call, params: EntryCreate, errors: ValidationErrors) -> Created[Entry]:
    """Log time.

    Creates a tag for each unknown hashtag and a project for an unknown `project_name`, if the caller may create them.
    Leaders can log time for other users. Raises `project.created` and `tag.created` for what it creates, then
    `entry.created`.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/entries/marked_as_invoiced", role="leader")
def mark_many_as_invoiced(call: Call, params: EntriesMarkAsInvoiced, errors: ValidationErrors) -> None:
    """Mark several entries as invoiced outside of this system.

    Raises `entry.updated` and `entry.updated.invoiced` for each.
    """
    invoicing.mark_many_invoiced(call.tx, call.caller, params, errors)


@endpoints.put("/v2/entries/approved", role="supervisor", feature=FEATURE)
def approve_many(call: Call, params: EntriesApprove, errors: ValidationErrors) -> None:
    """Approve several entries.

    Raises `entry.updated` and `entry.updated.approved` for each.
    """
    approving.approve_many(call.tx, call.caller, params, errors)


@endpoints.put("/v2/entries/unapproved", role="supervisor", feature=FEATURE)
def unapprove_many(call: Call, params: EntryIds, errors: ValidationErrors) -> None:
    """Withdraw the approval of several entries.

    Raises `entry.updated` and `entry.updated.unapproved` for each.
    """
    approving.unapprove_many(call.tx, call.caller, params, errors)


@endpoints.put("/v2/entries/{entry_id}")
def edit(call: Call, entry_id: int, params: EntryUpdate, errors: ValidationErrors) -> Entry:
    """Edit an entry.

    Raises `project.created` and `tag.created` for what it creates, then `entry.updated`.
    """
    return editing.edit(call.tx, call.caller, entry_id, params, errors)


@endpoints.put("/v2/entries/{entry_id}/marked_as_invoiced", role="leader")
def mark_as_invoiced(call: Call, entry_id: int, params: EntryMarkAsInvoiced, errors: ValidationErrors) -> None:
    """Mark an entry as invoiced outside of this system.

    If it is marked already, only the date changes. Raises `entry.updated`, and the first time `entry.updated.invoiced`.
    """
    invoicing.mark_invoiced(call.tx, call.caller, entry_id, params, errors)


@endpoints.put("/v2/entries/{entry_id}/approved", role="supervisor", feature=FEATURE)
def approve(call: Call, entry_id: int, params: EntryApprove, errors: ValidationErrors) -> None:
    """Approve an entry.

    Raises `entry.updated` and `entry.updated.approved`.
    """
    approving.approve(call.tx, call.caller, entry_id, params, errors)


@endpoints.put("/v2/entries/{entry_id}/unapproved", role="supervisor", feature=FEATURE)
def unapprove(call: Call, entry_id: int) -> None:
    """Withdraw the approval of an entry.

    Raises `entry.updated` and `entry.updated.unapproved`.
    """
    approving.unapprove(call.tx, call.caller, entry_id)


@endpoints.delete("/v2/entries/{entry_id}")
def remove(call: Call, entry_id: int) -> None:
    """Delete an entry.

    Raises `entry.deleted`.
    """
    editing.remove(call.tx, call.caller, entry_id)


# What these actions were called before, and what a published client calls them: clients in the wild still do.
for _name in ("invoiced_outside_of_noko", "invoiced_outside_of_freckle", "mark_as_invoiced"):
    endpoints.put(f"/v2/entries/{_name}", role="leader", hidden=True)(mark_many_as_invoiced)
    endpoints.put(f"/v2/entries/{{entry_id}}/{_name}", role="leader", hidden=True)(mark_as_invoiced)
