"""Members of project groups; a change updates the group and each project, with an event for each."""

import msgspec
from sqlalchemy import bindparam, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.project_groups import reading, storing
from hourhook.domain.project_groups.representations import ProjectGroup
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.projects.reading import ProjectIds
from hourhook.domain.projects.representations import Project
from hourhook.domain.summaries import SimpleProjectGroup, summarize
from hourhook.store.schema import project_groups, projects
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def add(tx: Transaction, caller: Caller, id: int, params: ProjectIds, errors: ValidationErrors) -> list[Project]:
    """Add projects to a group and return all its projects; idempotent. Those already in a group are skipped."""
    before = _find_editable(tx, caller, id)
    errors.raise_if_any()
    found = projects_reading.find_many(tx, caller, params.project_ids or [])
    _move(tx, caller, before, [project for project in found if project.group is None], before)
    return projects_reading.list_members(tx, caller, id)


def remove(tx: Transaction, caller: Caller, id: int, params: ProjectIds, errors: ValidationErrors) -> None:
    """Remove projects from a group; idempotent. Those that are not in it are skipped."""
    before = _find_editable(tx, caller, id)
    errors.raise_if_any()
    members = {project.id for project in before.projects}
    removed = [project_id for project_id in params.project_ids or [] if project_id in members]
    _move(tx, caller, before, projects_reading.find_many(tx, caller, removed), None)


def remove_all(tx: Transaction, caller: Caller, id: int) -> None:
    before = _find_editable(tx, caller, id)
    _move(tx, caller, before, find_all(tx, caller, before), None)


def find_all(tx: Transaction, caller: Caller, group: ProjectGroup) -> list[Project]:
    """Return the projects of a group by id; the caller must see all projects."""
    return projects_reading.find_many(tx, caller, [project.id for project in group.projects])


def store(tx: Transaction, moved: list[Project], id: int | None) -> None:
    """Store that projects are in a group, or with None in no group."""
    if not moved:
        return
    ids = [project.id for project in moved]
    storing.remove_projects(tx, ids)
    if id is not None:
        storing.add_projects(tx, id, ids)
    tx.execute(_TOUCH_PROJECTS, account=tx.account_id, ids=ids, now=tx.event_time)


def record(tx: Transaction, moved: list[Project], group: ProjectGroup | None) -> None:
    """Record the event of each project that was moved into a group, or with None out of one."""
    summary = None if group is None else summarize(SimpleProjectGroup, group)
    for before in moved:
        after = msgspec.structs.replace(before, group=summary, updated_at=format_timestamp(tx.event_time))
        recording.record_update(tx, "project", before, after)


def _find_editable(tx: Transaction, caller: Caller, id: int) -> ProjectGroup:
    group = reading.show(tx, caller, id)
    caller.require_role("leader")
    return group


def _move(
    tx: Transaction, caller: Caller, before: ProjectGroup, moved: list[Project], target: ProjectGroup | None
) -> None:
    if not moved:
        return
    store(tx, moved, None if target is None else target.id)
    tx.execute(_TOUCH, account=caller.account_id, id=before.id, now=tx.event_time)
    recording.record_update(tx, "project_group", before, reading.show(tx, caller, before.id))
    record(tx, moved, target)


_TOUCH = Statement(
    update(project_groups)
    .where(project_groups.c.account_id == bindparam("account"), project_groups.c.id == bindparam("id"))
    .values(updated_at=bindparam("now"))
)

_TOUCH_PROJECTS = Statement(
    update(projects)
    .where(projects.c.account_id == bindparam("account"), any_of(projects.c.id, "ids"))
    .values(updated_at=bindparam("now"))
)
