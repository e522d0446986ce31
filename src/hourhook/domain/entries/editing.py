"""Create, edit and delete entries (``docs/api/entries.md#log-time``)."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.entries import assignment, reading, rules
from hourhook.domain.entries.assignment import Assignment
from hourhook.domain.entries.representations import Entry, compose, is_billable, round_up
from hourhook.domain.events import recording
from hourhook.domain.inputs import (
    UNSET,
    Day,
    Id,
    Inputs,
    Minutes,
    Name,
    Text,
    UnsetType,
    Uri,
    ValidationErrors,
    value_or,
)
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.projects import storing as projects_storing
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject, SimpleTag
from hourhook.domain.tags import tagging
from hourhook.domain.tags.representations import Tag
from hourhook.store.schema import entries, entry_tags
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

ProjectName = Annotated[Name, "Used only without `project_id`; a project that does not exist is created."]
Description = Annotated[Text, "Hashtags in it become tags."]
SourceUrl = Annotated[Uri, "A link to the work behind the entry, such as a commit or a task."]


class EntryCreate(Inputs):
    """An entry to create."""

    required: ClassVar = ("date", "minutes")
    date: Annotated[Day, "The day the work was done."] | UnsetType = UNSET
    user_id: Annotated[Id, "The user who did the work. Default: the caller."] | UnsetType | None = UNSET
    minutes: Annotated[Minutes, "Rounded up to the project's billing increment."] | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    project_id: Id | UnsetType | None = UNSET
    project_name: ProjectName | UnsetType | None = UNSET
    source_url: SourceUrl | UnsetType | None = UNSET


class EntryUpdate(Inputs):
    """Changes to an entry; absent keys stay unchanged."""

    date: Day | UnsetType = UNSET
    user_id: Id | UnsetType = UNSET
    minutes: Annotated[Minutes, "`null` sets it to 0."] | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET
    project_id: Annotated[Id, "`null` removes it from its project."] | UnsetType | None = UNSET
    project_name: ProjectName | UnsetType | None = UNSET
    source_url: SourceUrl | UnsetType | None = UNSET


def create(tx: Transaction, caller: Caller, params: EntryCreate, errors: ValidationErrors) -> Entry:
    """Create an entry, and the project and tags that it names and that do not exist yet."""
    assigned = assignment.resolve(
        tx,
        caller,
        errors,
        params.user_id or caller.user_id,
        params.project_id or None,
        params.project_name or None,
    )
    description = params.description or None
    resolved_tags = _look_up_tags(tx, caller, errors, description)
    errors.raise_if_any()
    project, is_new = _find_or_create_project(tx, caller, assigned)
    tags, new_tags = tagging.create_missing(tx, caller, resolved_tags)
    date, source_url = params.date or "", params.source_url or None
    minutes = round_up(params.minutes or 0, project)
    id = tx.insert(
        entries,
        account_id=caller.account_id,
        date=date,
        user_id=assigned.user.id,
        project_id=None if project is None else project.id,
        minutes=minutes,
        description=description,
        description_key=description and search_key(description),
        source_url=source_url,
        invoiced_at=None,
        approved_at=None,
        approved_by_id=None,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    _store_tags(tx, id, tags)
    created = compose(
        caller.links,
        id=id,
        date=date,
        user=assigned.user,
        minutes=minutes,
        description=description,
        project=project,
        tags=tags,
        source_url=source_url,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    _record_created_project_and_tags(tx, caller, project if is_new else None, new_tags)
    recording.record_creation(tx, "entry", created)
    return created


def edit(tx: Transaction, caller: Caller, id: int, params: EntryUpdate, errors: ValidationErrors) -> Entry:
    before = reading.show(tx, caller, id)
    rules.require_permission(caller, before)
    rules.refuse_uneditable(before)
    assigned = _find_new_assignment(tx, caller, errors, before, params)
    description = value_or(params.description, before.description) or ""
    is_rewritten = description != before.description
    resolved_tags = _look_up_tags(tx, caller, errors, description if is_rewritten else None)
    errors.raise_if_any()
    project, is_new = _find_or_create_project(tx, caller, assigned)
    tags, new_tags = tagging.create_missing(tx, caller, resolved_tags) if is_rewritten else (before.tags, [])
    after = msgspec.structs.replace(
        before,
        date=value_or(params.date, before.date),
        user=assigned.user,
        billable=is_billable(project, tags),
        minutes=_minutes_after(before, params, project),
        description=description,
        project=project,
        tags=tags,
        source_url=value_or(params.source_url, before.source_url),
        updated_at=format_timestamp(tx.event_time),
    )
    if not recording.diff(before, after):
        return before
    _store(tx, after)
    if tags != before.tags:
        tx.execute(_DELETE_TAGS, account=caller.account_id, id=id)
        _store_tags(tx, id, tags)
    _record_created_project_and_tags(tx, caller, project if is_new else None, new_tags)
    recording.record_update(tx, "entry", before, after)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    before = reading.show(tx, caller, id)
    rules.require_permission(caller, before)
    rules.refuse_uneditable(before)
    tx.execute(_DELETE_TAGS, account=caller.account_id, id=id)
    tx.execute(_DELETE, account=caller.account_id, id=id)
    recording.record_deletion(tx, "entry", before)


def _look_up_tags(
    tx: Transaction, caller: Caller, errors: ValidationErrors, description: str | None
) -> tagging.ResolvedTags:
    resolved_tags = tagging.resolve(tx, caller, description)
    if resolved_tags.missing and not tagging.can_create(caller):
        errors.add("description", "cannot_create_tags")
    return resolved_tags


def _find_new_assignment(
    tx: Transaction, caller: Caller, errors: ValidationErrors, before: Entry, params: EntryUpdate
) -> Assignment:
    user_id = value_or(params.user_id, before.user.id)
    current_id = None if before.project is None else before.project.id
    project_id, project_name = params.project_id or None, None
    if project_id is None:
        project_name = params.project_name or None
        is_detached = params.project_id is None or params.project_name is None
        project_id = None if project_name or is_detached else current_id
    if (user_id, project_id, project_name) == (before.user.id, current_id, None):
        return Assignment(before.user, before.project)
    return assignment.resolve(tx, caller, errors, user_id, project_id, project_name)


def _find_or_create_project(tx: Transaction, caller: Caller, assigned: Assignment) -> tuple[SimpleProject | None, bool]:
    """Return the project of an assignment, and whether it was created now."""
    if assigned.new_project_name is None:
        return assigned.project, False
    return projects_storing.insert(tx, caller, name=assigned.new_project_name), True


def _minutes_after(before: Entry, params: EntryUpdate, project: SimpleProject | None) -> int:
    minutes = value_or(params.minutes, before.minutes) or 0
    has_moved = (project and project.id) != (before.project and before.project.id)
    # Unchanged minutes stay as they are, even if the project's increment has changed since.
    return round_up(minutes, project) if has_moved or minutes != before.minutes else minutes


def _store(tx: Transaction, entry: Entry) -> None:
    tx.execute(
        _UPDATE,
        account=tx.account_id,
        id=entry.id,
        date=entry.date,
        user=entry.user.id,
        project=None if entry.project is None else entry.project.id,
        minutes=entry.minutes,
        description=entry.description or None,
        description_key=search_key(entry.description) or None,
        source_url=entry.source_url,
        now=tx.event_time,
    )


def _store_tags(tx: Transaction, id: int, tags: list[SimpleTag]) -> None:
    rows = [(tx.account_id, id, tag.id, index) for index, tag in enumerate(tags)]
    tx.insert_many(entry_tags, ("account_id", "entry_id", "tag_id", "place"), rows)


def _record_created_project_and_tags(
    tx: Transaction, caller: Caller, project: SimpleProject | None, new_tags: list[Tag]
) -> None:
    if project is not None:
        recording.record_creation(tx, "project", projects_reading.show(tx, caller, project.id))
    for tag in new_tags:
        recording.record_creation(tx, "tag", tag)


_OF_ID = (entries.c.account_id == bindparam("account"), entries.c.id == bindparam("id"))

_UPDATE = Statement(
    update(entries)
    .where(*_OF_ID)
    .values(
        date=bindparam("date"),
        user_id=bindparam("user"),
        project_id=bindparam("project"),
        minutes=bindparam("minutes"),
        description=bindparam("description"),
        description_key=bindparam("description_key"),
        source_url=bindparam("source_url"),
        updated_at=bindparam("now"),
    )
)

_DELETE_TAGS = Statement(
    delete(entry_tags).where(entry_tags.c.account_id == bindparam("account"), entry_tags.c.entry_id == bindparam("id"))
)

_DELETE = Statement(delete(entries).where(*_OF_ID))
