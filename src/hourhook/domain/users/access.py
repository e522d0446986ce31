"""Project access of coworkers and contractors; other roles see all projects (`docs/api/users.md#project-access`)."""

from collections.abc import Sequence

from sqlalchemy import Integer, bindparam, delete, exists, insert, select

from hourhook.domain.audit.actions import Action
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.projects.reading import ProjectIds
from hourhook.domain.summaries import SimpleProject, summarize_project
from hourhook.domain.users import reading, rules
from hourhook.domain.users.representations import User
from hourhook.domain.visibility import SCOPED_ROLES
from hourhook.errors import ValidationFailed
from hourhook.store.schema import project_access, projects
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


def grant(tx: Transaction, caller: Caller, id: int, params: ProjectIds, errors: ValidationErrors) -> None:
    """Grant a user access to projects; does nothing if their role gives access to all projects."""
    user = _find_other(tx, caller, id)
    rules.refuse_deactivated(user)
    errors.raise_if_any()
    if user.role in SCOPED_ROLES:
        granted = tx.all(_GRANT, account=caller.account_id, user=id, project_ids=params.project_ids)
        _record(tx, caller, id, "access_granted", granted)


def revoke(tx: Transaction, caller: Caller, id: int, params: ProjectIds, errors: ValidationErrors) -> None:
    """Revoke a user's access to projects; entries they logged there remain, but they can no longer see them."""
    _find_scoped(tx, caller, id)
    errors.raise_if_any()
    revoked = tx.all(_REVOKE, account=caller.account_id, user=id, project_ids=params.project_ids)
    _record(tx, caller, id, "access_revoked", revoked)


def revoke_all(tx: Transaction, caller: Caller, id: int) -> None:
    """Revoke a user's access to all projects."""
    _find_scoped(tx, caller, id)
    _record(tx, caller, id, "access_revoked", tx.all(_REVOKE_ALL, account=caller.account_id, user=id))


def list_projects(tx: Transaction, caller: Caller, id: int) -> list[SimpleProject]:
    """Return the projects to which a coworker or contractor has access, by name; raises ``Forbidden``."""
    caller.require_role("leader")
    return [summarize_project(caller.links, row) for row in tx.all(_LIST, account=caller.account_id, user=id)]


def _record(tx: Transaction, caller: Caller, id: int, action: Action, changed: Sequence[Row]) -> None:
    if changed:
        record(tx, caller, "User", id, action, {"project_ids": sorted(row.project_id for row in changed)})


def _find_other(tx: Transaction, caller: Caller, id: int) -> User:
    user = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    rules.refuse_self(caller, id)
    return user


def _find_scoped(tx: Transaction, caller: Caller, id: int) -> None:
    user = _find_other(tx, caller, id)
    if user.role not in SCOPED_ROLES:
        raise ValidationFailed.on_base(
            "User", "can_access_all_projects", "This user's role already grants access to all projects."
        )
    rules.refuse_deactivated(user)


_SUMMARY = ("id", "name", "billing_increment", "enabled", "billable", "color")
_OF_USER = (project_access.c.account_id == bindparam("account"), project_access.c.user_id == bindparam("user"))

_GRANT = Statement(
    insert(project_access)
    .from_select(
        ["account_id", "user_id", "project_id"],
        select(projects.c.account_id, bindparam("user", type_=Integer), projects.c.id).where(
            projects.c.account_id == bindparam("account"),
            any_of(projects.c.id, "project_ids"),
            ~exists().where(*_OF_USER, project_access.c.project_id == projects.c.id),
        ),
    )
    .returning(project_access.c.project_id)
)

_LIST = Statement(
    select(*(projects.c[name] for name in _SUMMARY))
    .join_from(
        project_access,
        projects,
        (projects.c.account_id == project_access.c.account_id) & (projects.c.id == project_access.c.project_id),
    )
    .where(*_OF_USER)
    .order_by(projects.c.name_key, projects.c.id)
)

_DELETE = delete(project_access).where(*_OF_USER).returning(project_access.c.project_id)
_REVOKE = Statement(_DELETE.where(any_of(project_access.c.project_id, "project_ids")))
_REVOKE_ALL = Statement(_DELETE)
