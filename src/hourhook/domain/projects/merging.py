"""Merge one project into another (`docs/api/projects.md#delete-archive-merge`)."""

from typing import ClassVar

import msgspec
from sqlalchemy import Integer, Table, bindparam, delete, exists, insert, select, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.entries import batches
from hourhook.domain.entries.representations import is_billable
from hourhook.domain.events import recording
from hourhook.domain.expenses import batches as expenses_batches
from hourhook.domain.inputs import UNSET, Id, Inputs, UnsetType, ValidationErrors
from hourhook.domain.invoices import side_effects
from hourhook.domain.project_groups import storing as project_groups_storing
from hourhook.domain.projects import reading, rules
from hourhook.domain.projects.representations import Project
from hourhook.domain.summaries import SimpleProject, summarize
from hourhook.domain.timers import cascades as timers_cascades
from hourhook.store.schema import entries, expenses, project_access, projects
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class ProjectMerge(Inputs):
    """The project to merge into the other one; it is deleted."""

    required: ClassVar = ("project_id",)
    project_id: Id | UnsetType = UNSET


def merge(tx: Transaction, caller: Caller, id: int, params: ProjectMerge, errors: ValidationErrors) -> None:
    """Move another project's entries, expenses, timers and user access to this one, then delete it."""
    target = reading.show(tx, caller, id)
    caller.require_role("leader")
    rules.refuse_archived(target)
    source = _find_source(tx, caller, id, params, errors)
    recalculated = {}
    if source.billable != target.billable:
        recalculated = side_effects.recalculate_as_if_project(tx, source.id, billable=target.billable)
    _move_entries(tx, caller, source, summarize(SimpleProject, target))
    _move_expenses(tx, caller, source, summarize(SimpleProject, target))
    side_effects.record_events(tx, caller, recalculated)
    timers_cascades.move(tx, caller, source.id, summarize(SimpleProject, target))
    tx.execute(_SHARE_ACCESS, account=caller.account_id, source=source.id, target=id)
    tx.execute(_DELETE_ACCESS, account=caller.account_id, source=source.id)
    recording.record_update(tx, "project", target, reading.show(tx, caller, id))
    recording.record_deletion(tx, "project", reading.show(tx, caller, source.id), "merged")
    project_groups_storing.remove_projects(tx, [source.id])
    tx.execute(_DELETE, account=caller.account_id, source=source.id)


def _find_source(tx: Transaction, caller: Caller, id: int, params: ProjectMerge, errors: ValidationErrors) -> Project:
    found = reading.find_many(tx, caller, [params.project_id]) if params.project_id else []
    if params.project_id == id:
        errors.add("project_id", "invalid", "A project cannot be merged into itself: send the id of another one.")
    elif params.project_id and not found:
        errors.add("project_id", "missing")
    elif found and not found[0].enabled:
        errors.add("project_id", "archived_project")
    errors.raise_if_any()
    return found[0]


def _move_entries(tx: Transaction, caller: Caller, source: Project, target: SimpleProject) -> None:
    for batch in batches.of_project(tx, caller, source.id):
        for before in batch:
            after = msgspec.structs.replace(
                before,
                project=target,
                billable=is_billable(target, before.tags),
                updated_at=format_timestamp(tx.event_time),
            )
            recording.record_update(tx, "entry", before, after)
    tx.execute(_MOVE_ENTRIES, account=caller.account_id, source=source.id, target=target.id, now=tx.event_time)


def _move_expenses(tx: Transaction, caller: Caller, source: Project, target: SimpleProject) -> None:
    for batch in expenses_batches.of_project(tx, caller, source.id):
        for before in batch:
            after = msgspec.structs.replace(before, project=target, updated_at=format_timestamp(tx.event_time))
            recording.record_update(tx, "expense", before, after)
    tx.execute(_MOVE_EXPENSES, account=caller.account_id, source=source.id, target=target.id, now=tx.event_time)


def _move_to_target(table: Table) -> Statement:
    return Statement(
        update(table)
        .where(table.c.account_id == bindparam("account"), table.c.project_id == bindparam("source"))
        .values(project_id=bindparam("target"), updated_at=bindparam("now"))
    )


_MOVE_ENTRIES = _move_to_target(entries)
_MOVE_EXPENSES = _move_to_target(expenses)

_granted = project_access.alias("granted")

_SHARE_ACCESS = Statement(
    insert(project_access).from_select(
        ["account_id", "user_id", "project_id"],
        select(_granted.c.account_id, _granted.c.user_id, bindparam("target", type_=Integer)).where(
            _granted.c.account_id == bindparam("account"),
            _granted.c.project_id == bindparam("source"),
            ~exists(
                select(project_access.c.user_id).where(
                    project_access.c.account_id == _granted.c.account_id,
                    project_access.c.user_id == _granted.c.user_id,
                    project_access.c.project_id == bindparam("target", type_=Integer),
                )
            ),
        ),
    )
)

_DELETE_ACCESS = Statement(
    delete(project_access).where(
        project_access.c.account_id == bindparam("account"), project_access.c.project_id == bindparam("source")
    )
)

_DELETE = Statement(
    delete(projects).where(projects.c.account_id == bindparam("account"), projects.c.id == bindparam("source"))
)
