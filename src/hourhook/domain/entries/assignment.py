"""Look up and validate the user and the project of an entry or expense, in one statement."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, exists, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.inputs.numbers import NONEXISTENT_ID
from hourhook.domain.joined_summaries import (
    PROJECT_COLUMNS,
    USER_COLUMNS,
    summarize_joined_project,
    summarize_joined_user,
)
from hourhook.domain.projects import storing as projects_storing
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.domain.visibility import SCOPED_ROLES
from hourhook.store.schema import project_access, projects, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Assignment:
    """The user and the project of an entry or expense; ``new_project_name`` is set if the project must be created."""

    user: SimpleUser
    project: SimpleProject | None
    new_project_name: str | None = None


def resolve(
    tx: Transaction,
    caller: Caller,
    errors: ValidationErrors,
    user_id: int,
    project_id: int | None,
    project_name: str | None,
) -> Assignment:
    """Find the user and the project, and add what is wrong with them to the errors.

    ``project_name`` is used only without ``project_id``. The result is valid only if there are no errors.
    """
    name = None if project_id else project_name
    row = _look_up(tx, caller, user_id, project_id, name)
    if row is None:
        errors.add("user_id", "missing")
        row = _look_up(tx, caller, caller.user_id, project_id, name)
        assert row is not None
    elif user_id != caller.user_id and caller.is_scoped:
        errors.add("user_id", "insufficent_permissions")
    if project_id or name:
        _check_project(tx, caller, errors, row, "project_id" if project_id else "project_name")
    links = caller.links
    return Assignment(
        user=summarize_joined_user(links, row),
        project=None if row.project_id is None else summarize_joined_project(links, row),
        new_project_name=name if row.project_id is None else None,
    )


def _look_up(tx: Transaction, caller: Caller, user_id: int, project_id: int | None, name: str | None) -> Row | None:
    if name is None:
        return tx.one(_BY_ID, account=caller.account_id, user=user_id, project=project_id or NONEXISTENT_ID)
    return tx.one(_BY_NAME, account=caller.account_id, user=user_id, key=search_key(name))


def _check_project(tx: Transaction, caller: Caller, errors: ValidationErrors, row: Row, field: str) -> None:
    lacks_access = row.role in SCOPED_ROLES and not row.has_access
    if row.project_id is None and field == "project_id":
        errors.add(field, "missing")
    elif field == "project_name" and not caller.has_role("leader") and (row.project_id is None or lacks_access):
        # The same code in both cases, so that it does not reveal the names of projects the caller cannot see.
        errors.add(field, "cannot_create_projects")
    elif lacks_access:
        errors.add(field, "insufficent_permissions")
    elif row.project_id is None:
        if projects_storing.is_project_limit_reached(tx, caller):
            errors.add(field, "reached_project_limit")
    elif not row.project_enabled:
        errors.add(field, "archived_project")


def _user_and_project(project: ColumnElement[bool]) -> Statement:
    return Statement(
        select(
            *USER_COLUMNS,
            *PROJECT_COLUMNS,
            users.c.role,
            exists(
                select(project_access.c.project_id).where(
                    project_access.c.account_id == users.c.account_id,
                    project_access.c.user_id == users.c.id,
                    project_access.c.project_id == projects.c.id,
                )
            ).label("has_access"),
        )
        .join_from(users, projects, (projects.c.account_id == users.c.account_id) & project, isouter=True)
        .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
    )


_BY_ID = _user_and_project(projects.c.id == bindparam("project"))
_BY_NAME = _user_and_project(projects.c.name_key == bindparam("key"))
