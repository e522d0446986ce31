"""``/entries``: list with filters and totals, act on several, show, create, edit and delete."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from hourhook.clock import to_timestamp
from hourhook.delivery.history.recipients import find_recipients
from hourhook.domain import inputs
from hourhook.domain.callers import Caller
from hourhook.domain.entries import approving, editing, invoicing, reading, rules, totals
from hourhook.domain.entries.approving import EntriesApprove, EntryIds
from hourhook.domain.entries.editing import EntryCreate, EntryUpdate
from hourhook.domain.entries.invoicing import EntriesMarkAsInvoiced
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.inputs import Inputs, ValidationErrors
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.domain.users import reading as users_reading
from hourhook.errors import FieldError, NotFound, ValidationFailed
from hourhook.web.forms import read_ids
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.time_line import read_minutes

PATH = "/entries"
# More than a page of the list has.
MAX_SELECTED = 200
I = TypeVar("I", bound=Inputs)  # noqa: E741
pages = Pages()


@pages.get(PATH, template="entries/list")
def index(view: View) -> Values:
    """List entries; without any filter those of this month."""
    defaults = default_filters(view)
    params, errors = view.parse(EntryFilters, resource="Entry", **defaults)
    filter_state = view.filter_state(errors, **defaults)
    entries = reading.list_without_total(view.tx, view.caller, params, errors, view.pagination)
    sums = totals.read(view.tx, view.caller, params, errors)
    is_last = len(entries) < view.pagination.limit
    return {
        "filter": filter_state,
        "entries": entries,
        "sums": sums,
        "most": totals.MAX_SUMMED,
        # Of too many entries only the last page tells how many they are.
        "total": sums.count if sums else view.pagination.offset + len(entries) if is_last else None,
        "pagination": view.pagination,
        "projects": _project_choices(view),
        "people": _people_choices(view),
        "can_approve": _can_approve(view.caller),
    }


@pages.post("/entries/selected", refused_on=PATH)
def act_on_selected(action: Action) -> Redirect:
    """Approve, unapprove or mark as invoiced the entries that were selected; ineligible ones are skipped."""
    ids = _selected(action.fields.lists.get("ids", ()))
    tx, caller, kind = action.tx, action.caller, action.fields.get("act", "")
    if kind == "approve":
        approving.approve_many(tx, caller, *_parse(EntriesApprove, ids))
        return Redirect(PATH, f"Approved {_count(ids)}.")
    if kind == "unapprove":
        approving.unapprove_many(tx, caller, *_parse(EntryIds, ids))
        return Redirect(PATH, f"Withdrew the approval of {_count(ids)}.")
    if kind == "invoice":
        params, errors = _parse(EntriesMarkAsInvoiced, ids, date=action.display.today.isoformat())
        invoicing.mark_many_invoiced(tx, caller, params, errors)
        return Redirect(PATH, f"Marked {_count(ids)} as invoiced.")
    raise NotFound


@pages.get("/entries/delete", template="entries/delete")
def confirm_delete(view: View) -> Values | Redirect:
    """Say what deleting the selected entries will do, before it is done."""
    try:
        ids = _selected(view.query.get("ids", ()))
    except ValidationFailed as refusal:
        return Redirect(PATH, refusal.message)
    return {"entries": [reading.show(view.tx, view.caller, id) for id in ids[:1]], "ids": ids}


@pages.post("/entries/delete", refused_on=PATH)
def delete_selected(action: Action) -> Redirect:
    ids = _selected(action.fields.lists.get("ids", ()))
    for id in ids:
        editing.remove(action.tx, action.caller, id)
    return Redirect(PATH, f"Deleted {_count(ids)}.")


@pages.get("/entries/new", template="entries/new")
def new(view: View) -> Values:
    return {"projects": _project_choices(view), "people": _people_choices(view)}


@pages.post("/entries/new")
def create(action: Action) -> Redirect:
    params, errors = action.parse(EntryCreate, resource="Entry", minutes=_minutes(action))
    entry = editing.create(action.tx, action.caller, params, errors)
    return Redirect(f"{PATH}/{entry.id}", "Saved.")


@pages.get("/entries/{entry_id}", template="entries/show")
def show(view: View, entry_id: int) -> Values:
    entry = reading.show(view.tx, view.caller, entry_id)
    told = None
    if view.caller.has_role("leader"):
        changed_at = to_timestamp(datetime.fromisoformat(entry.updated_at))
        told = find_recipients(view.tx, view.caller.account_id, "entry", entry_id, changed_at)
    return {
        "entry": entry,
        "lock": _lock_of(view.caller, entry),
        "can_approve": _can_approve(view.caller),
        "told": told,
    }


@pages.post("/entries/{entry_id}", refused_on="/entries/{entry_id}")
def act_on_one(action: Action, entry_id: int) -> Redirect:
    """Approve an entry, or withdraw its approval."""
    if action.fields.get("act") == "unapprove":
        approving.unapprove(action.tx, action.caller, entry_id)
        return Redirect(f"{PATH}/{entry_id}", "Approval withdrawn.")
    params, errors = inputs.parse(approving.EntryApprove, {}, resource="Entry")
    approving.approve(action.tx, action.caller, entry_id, params, errors)
    return Redirect(f"{PATH}/{entry_id}", "Approved.")


@pages.post("/entries/{entry_id}/repeat", refused_on="/entries/{entry_id}")
def repeat(action: Action, entry_id: int) -> Redirect:
    """Log the same again, today and for the caller."""
    entry = reading.show(action.tx, action.caller, entry_id)
    values = {
        "date": action.display.today.isoformat(),
        "minutes": entry.minutes,
        "description": entry.description,
        "project_id": None if entry.project is None else entry.project.id,
    }
    params, errors = inputs.parse(EntryCreate, values, resource="Entry")
    repeated = editing.create(action.tx, action.caller, params, errors)
    return Redirect("/", "Logged the same again, today.", repeated.id)


@pages.get("/entries/{entry_id}/edit", template="entries/edit")
def edit(view: View, entry_id: int) -> Values | Redirect:
    entry = reading.show(view.tx, view.caller, entry_id)
    if _lock_of(view.caller, entry) is not None:
        # That page says why.
        return Redirect(f"{PATH}/{entry_id}")
    return {"entry": entry, "projects": _project_choices(view), "people": _people_choices(view)}


@pages.post("/entries/{entry_id}/edit")
def save(action: Action, entry_id: int) -> Redirect:
    params, errors = action.parse(EntryUpdate, resource="Entry", minutes=_minutes(action))
    editing.edit(action.tx, action.caller, entry_id, params, errors)
    return Redirect(f"{PATH}/{entry_id}", "Saved.")


@pages.get("/entries/{entry_id}/delete", template="entries/delete")
def confirm_delete_one(view: View, entry_id: int) -> Values:
    entry = reading.show(view.tx, view.caller, entry_id)
    return {"entries": [entry], "ids": [entry_id]}


@pages.post("/entries/{entry_id}/delete", refused_on="/entries/{entry_id}")
def delete(action: Action, entry_id: int) -> Redirect:
    editing.remove(action.tx, action.caller, entry_id)
    return Redirect(PATH, "Deleted 1 entry.")


def default_filters(view: View) -> dict[str, str]:
    """Return the filters of a list that was asked for without any: this month."""
    return {} if view.query.keys() - {"page"} else {"from": view.display.today.replace(day=1).isoformat()}


def _parse(declaration: type[I], ids: list[int], **more: str) -> tuple[I, ValidationErrors]:
    return inputs.parse(declaration, {"entry_ids": ids, **more}, resource="Entry")


def _minutes(action: Action) -> int | str:
    """Return the minutes of the field "Time", or what was typed if it is not a time."""
    text = action.fields.get("minutes", "")
    minutes = read_minutes(text)
    return text if minutes is None else minutes


def _selected(texts: Sequence[str]) -> list[int]:
    ids = read_ids(texts)
    if not ids:
        raise ValidationFailed([FieldError("Entry", "base", "missing_field")], "Select at least one entry.")
    return ids[:MAX_SELECTED]


def _count(ids: Sequence[int]) -> str:
    return "1 entry" if len(ids) == 1 else f"{len(ids):,} entries"


def _lock_of(caller: Caller, entry: Entry) -> str | None:
    """Return why the caller cannot change an entry; None if they can."""
    if not rules.may_change(caller, entry):
        return "Only its person and leaders can change this entry."
    try:
        rules.refuse_uneditable(entry)
    except ValidationFailed as refusal:
        return refusal.message
    return None


def _can_approve(caller: Caller) -> bool:
    return caller.has_role("supervisor") and caller.approvals_enabled


def _project_choices(view: View) -> Sequence[SimpleProject]:
    return projects_reading.list_choices(view.tx, view.caller)


def _people_choices(view: View) -> Sequence[SimpleUser]:
    """Return the people whose entries a leader may create and anybody else but contractors may see."""
    return users_reading.list_choices(view.tx, view.caller) if view.caller.has_role("coworker") else ()
