"""Archive and unarchive projects."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import bindparam, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.projects import reading, rules
from hourhook.domain.projects.reading import ProjectIds
from hourhook.domain.projects.representations import Project
from hourhook.domain.timers import cascades as timers_cascades
from hourhook.errors import ValidationFailed
from hourhook.store.schema import projects
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def archive(tx: Transaction, caller: Caller, id: int) -> None:
    """Archive a project that is in use. Idempotent: does nothing to an archived one."""
    project = reading.show(tx, caller, id)
    caller.require_role("leader")
    if project.enabled and not rules.is_used(project):
        raise ValidationFailed.on_base(
            "Project",
            "deletable",
            "The Project should be deleted because it does not have any entries, expenses, or invoices.",
        )
    _set_enabled(tx, caller, [project], False)


def archive_many(tx: Transaction, caller: Caller, params: ProjectIds, errors: ValidationErrors) -> None:
    """Archive those of these projects that are in use."""
    for found in _find_in_batches(tx, caller, params, errors):
        _set_enabled(tx, caller, [project for project in found if rules.is_used(project)], False)


def unarchive(tx: Transaction, caller: Caller, id: int) -> None:
    """Unarchive a project. Idempotent: does nothing to an active one."""
    project = reading.show(tx, caller, id)
    caller.require_role("leader")
    _set_enabled(tx, caller, [project], True)


def unarchive_many(tx: Transaction, caller: Caller, params: ProjectIds, errors: ValidationErrors) -> None:
    """Unarchive those of these projects that are archived."""
    for found in _find_in_batches(tx, caller, params, errors):
        _set_enabled(tx, caller, found, True)


def _find_in_batches(
    tx: Transaction, caller: Caller, params: ProjectIds, errors: ValidationErrors
) -> Iterator[list[Project]]:
    caller.require_role("leader")
    errors.raise_if_any()
    return reading.find_in_batches(tx, caller, params.project_ids or [])


def _set_enabled(tx: Transaction, caller: Caller, found: list[Project], enabled: bool) -> None:
    changed = [project for project in found if project.enabled != enabled]
    if not changed:
        return
    ids = [project.id for project in changed]
    tx.execute(_SET_ENABLED, account=tx.account_id, ids=ids, enabled=enabled, now=tx.event_time)
    if not enabled:
        timers_cascades.pause_for_projects(tx, caller, ids)
    for before in changed:
        after = msgspec.structs.replace(before, enabled=enabled, updated_at=format_timestamp(tx.event_time))
        recording.record_update(tx, "project", before, after, "unarchived" if enabled else "archived")


_SET_ENABLED = Statement(
    update(projects)
    .where(projects.c.account_id == bindparam("account"), any_of(projects.c.id, "ids"))
    .values(enabled=bindparam("enabled"), updated_at=bindparam("now"))
)
