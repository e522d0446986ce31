"""Create, edit and delete inbox entries (``docs/api/inbox_entries.md#create-an-inbox-entry``)."""

from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, update

from hourhook.domain.callers import Caller
from hourhook.domain.inbox_entries import reading, rules, storing
from hourhook.domain.inbox_entries.representations import InboxEntry
from hourhook.domain.inputs import UNSET, Day, Inputs, Minutes, Name, Text, UnsetType, ValidationErrors, value_or
from hourhook.domain.search_keys import search_key
from hourhook.store.schema import inbox_entries
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

Description = Annotated[Text, "Hashtags in it become tags when it is logged."]
ProjectName = Annotated[Name, "Need not exist: logging finds the project or creates it."]


class InboxEntryCreate(Inputs):
    """An inbox entry to create."""

    required: ClassVar = ("date", "description")
    date: Annotated[Day, "The day the work was done."] | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    minutes: Annotated[Minutes, "Not rounded."] | UnsetType | None = UNSET
    project_name: ProjectName | UnsetType | None = UNSET


class InboxEntryUpdate(Inputs):
    """Changes to an inbox entry; `date` and `description` are required, other absent keys stay unchanged."""

    required: ClassVar = ("date", "description")
    date: Day | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    minutes: Minutes | UnsetType | None = UNSET
    project_name: ProjectName | UnsetType | None = UNSET


def create(tx: Transaction, caller: Caller, params: InboxEntryCreate, errors: ValidationErrors) -> InboxEntry:
    """Create an entry in the caller's inbox."""
    errors.raise_if_any()
    id = storing.insert(
        tx,
        caller,
        date=params.date or "",
        description=params.description or "",
        minutes=value_or(params.minutes, None),
        project_name=params.project_name or None,
    )
    return reading.show(tx, caller, id)


def edit(tx: Transaction, caller: Caller, id: int, params: InboxEntryUpdate, errors: ValidationErrors) -> InboxEntry:
    """Change an inbox entry; raises ``ValidationFailed`` if it is already logged."""
    before = reading.show(tx, caller, id)
    rules.refuse_logged(before)
    errors.raise_if_any()
    description = value_or(params.description, before.description)
    project_name = value_or(params.project_name, before.project_name)
    values = {
        "date": value_or(params.date, before.date),
        "description": description,
        "minutes": value_or(params.minutes, before.minutes),
        "project_name": project_name,
    }
    if all(value == getattr(before, name) for name, value in values.items()):
        return before
    tx.execute(
        _EDIT,
        account=caller.account_id,
        id=id,
        description_key=search_key(description),
        project_name_key=project_name and search_key(project_name),
        now=tx.event_time,
        **values,
    )
    return reading.show(tx, caller, id)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete an inbox entry that is still open."""
    rules.refuse_logged(reading.show(tx, caller, id))
    tx.execute(_DELETE, account=caller.account_id, id=id)


_OF_ID = (inbox_entries.c.account_id == bindparam("account"), inbox_entries.c.id == bindparam("id"))

_EDIT = Statement(
    update(inbox_entries)
    .where(*_OF_ID)
    .values(
        date=bindparam("date"),
        description=bindparam("description"),
        description_key=bindparam("description_key"),
        minutes=bindparam("minutes"),
        project_name=bindparam("project_name"),
        project_name_key=bindparam("project_name_key"),
        updated_at=bindparam("now"),
    )
)

_DELETE = Statement(delete(inbox_entries).where(*_OF_ID))
