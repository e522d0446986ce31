"""Create, rename and delete project groups."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, IdList, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.project_groups import members, reading
from hourhook.domain.project_groups.representations import ProjectGroup
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.search_keys import search_key
from hourhook.store.schema import project_groups
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

GroupName = Annotated[Name, "Unique within the account, ignoring case."]
Members = Annotated[IdList, "The projects in it, moved here from any other group; may be empty."]


class ProjectGroupCreate(Inputs):
    """A project group to create."""

    required: ClassVar = ("name", "project_ids")
    aliases: ClassVar = {"projects": "project_ids"}
    name: GroupName | UnsetType = UNSET
    project_ids: Members | UnsetType = UNSET


class ProjectGroupUpdate(Inputs):
    """Changes to a project group. Its projects are changed by actions of their own."""

    name: GroupName | UnsetType = UNSET


def create(tx: Transaction, caller: Caller, params: ProjectGroupCreate, errors: ValidationErrors) -> ProjectGroup:
    """Create a project group; projects that are in another group are moved."""
    caller.require_role("leader")
    name, project_ids = params.name or "", params.project_ids or []
    moved = projects_reading.find_many(tx, caller, project_ids)
    known = {project.id for project in moved}
    for index, project_id in enumerate(project_ids):
        if project_id not in known:
            errors.add(f"project_ids[{index}]", "missing")
    _check(tx, caller, params, errors)
    id = tx.insert(
        project_groups,
        account_id=caller.account_id,
        name=name,
        name_key=search_key(name),
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    members.store(tx, moved, id)
    created = reading.show(tx, caller, id)
    recording.record_creation(tx, "project_group", created)
    members.record(tx, moved, created)
    return created


def rename(
    tx: Transaction, caller: Caller, id: int, params: ProjectGroupUpdate, errors: ValidationErrors
) -> ProjectGroup:
    before = reading.show(tx, caller, id)
    caller.require_role("leader")
    _check(tx, caller, params, errors, id)
    name = params.name or before.name
    if name == before.name:
        return before
    tx.execute(_RENAME, account=caller.account_id, id=id, name=name, name_key=search_key(name), now=tx.event_time)
    after = msgspec.structs.replace(before, name=name, updated_at=format_timestamp(tx.event_time))
    recording.record_update(tx, "project_group", before, after)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a project group; its projects are kept, without a group."""
    group = reading.show(tx, caller, id)
    caller.require_role("leader")
    moved = members.find_all(tx, caller, group)
    members.store(tx, moved, None)
    members.record(tx, moved, None)
    recording.record_deletion(tx, "project_group", group)
    tx.execute(_DELETE, account=caller.account_id, id=id)


def _check(
    tx: Transaction,
    caller: Caller,
    params: ProjectGroupCreate | ProjectGroupUpdate,
    errors: ValidationErrors,
    id: int | None = None,
) -> None:
    if params.name and reading.find_by_name(tx, caller, params.name) not in (None, id):
        errors.add("name", "already_exists")
    errors.raise_if_any()


_OF_ID = (project_groups.c.account_id == bindparam("account"), project_groups.c.id == bindparam("id"))

_RENAME = Statement(
    update(project_groups)
    .where(*_OF_ID)
    .values(name=bindparam("name"), name_key=bindparam("name_key"), updated_at=bindparam("now"))
)

_DELETE = Statement(delete(project_groups).where(*_OF_ID))
