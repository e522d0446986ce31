"""Log an inbox entry, which creates an entry (``docs/api/inbox_entries.md#log-an-inbox-entry``)."""

from typing import Annotated

from sqlalchemy import bindparam, true, update

from hourhook.domain.callers import Caller
from hourhook.domain.entries import editing as entries_editing
from hourhook.domain.entries.editing import EntryCreate, SourceUrl
from hourhook.domain.entries.representations import Entry
from hourhook.domain.inbox_entries import reading, rules
from hourhook.domain.inbox_entries.representations import InboxEntry
from hourhook.domain.inputs import UNSET, Day, Id, Inputs, Minutes, Name, Text, UnsetType, ValidationErrors, value_or
from hourhook.store.schema import inbox_entries
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class InboxEntryLog(Inputs):
    """The entry to create; absent keys are taken from the inbox entry."""

    date: Annotated[Day, "Default: that of the inbox entry."] | UnsetType | None = UNSET
    user_id: Annotated[Id, "The user who did the work. Default: the caller."] | UnsetType | None = UNSET
    minutes: Annotated[Minutes, "Default: that of the inbox entry; one of the two is required."] | UnsetType | None = (
        UNSET
    )
    description: Annotated[Text, "Default: that of the inbox entry."] | UnsetType | None = UNSET
    project_id: Annotated[Id, "Overrides the inbox entry's project name."] | UnsetType | None = UNSET
    project_name: (
        Annotated[Name, "Used only without `project_id`. Default: that of the inbox entry."] | UnsetType | None
    ) = UNSET
    source_url: SourceUrl | UnsetType | None = UNSET


def log(tx: Transaction, caller: Caller, id: int, params: InboxEntryLog, errors: ValidationErrors) -> Entry:
    """Create an entry from an inbox entry; raises ``ValidationFailed`` if it is already logged."""
    inbox_entry = reading.show(tx, caller, id)
    rules.refuse_logged(inbox_entry)
    new_entry = _merge(inbox_entry, params, errors)
    errors.require(new_entry, *EntryCreate.required)
    entry = entries_editing.create(tx, caller, new_entry, errors)
    tx.execute(_SET_LOGGED, account=caller.account_id, id=id, entry=entry.id, now=tx.event_time)
    return entry


def _merge(inbox_entry: InboxEntry, params: InboxEntryLog, errors: ValidationErrors) -> EntryCreate:
    minutes = inbox_entry.minutes if params.minutes is UNSET or params.minutes is None else params.minutes
    # A request with any project key, even a null one, overrides the project of the inbox entry.
    keeps_project = not any(
        getattr(params, name) is not UNSET or errors.has(name) for name in ("project_id", "project_name")
    )
    return EntryCreate(
        date=params.date or inbox_entry.date,
        user_id=params.user_id,
        minutes=UNSET if minutes is None else minutes,
        description=value_or(params.description, inbox_entry.description),
        project_id=params.project_id,
        project_name=inbox_entry.project_name if keeps_project else params.project_name,
        source_url=params.source_url,
    )


_SET_LOGGED = Statement(
    update(inbox_entries)
    .where(inbox_entries.c.account_id == bindparam("account"), inbox_entries.c.id == bindparam("id"))
    .values(logged=true(), entry_id=bindparam("entry"), updated_at=bindparam("now"))
)
