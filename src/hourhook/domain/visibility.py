"""Visibility: which rows of an account a caller can see, by role (``docs/api/conventions.md#roles``).

- Supervisors and leaders see everything.
- Coworkers see the projects they have access to, all entries and expenses in them, and their own entries without a
  project.
- Contractors see the projects they have access to, their own entries and expenses in them, their own entries without a
  project, themselves, and the tags of those projects and entries.
- A user who loses access to a project can no longer see their own entries and expenses in it.
- A project group is visible to those who see a project in it; an empty one to supervisors and leaders.
- Inbox entries, timers and broadcast receivers are visible to their owner only; a timer only if its project is visible.

Each function returns the condition for one scope (``scope_of``). A statement with it needs the parameters ``account``
and ``me``.
"""

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, exists, literal_column, or_, select, true

from hourhook.domain.callers import Caller
from hourhook.store.schema import (
    broadcast_receivers,
    entries,
    entry_tags,
    expenses,
    inbox_entries,
    project_access,
    project_group_members,
    project_groups,
    projects,
    tags,
    timers,
    users,
)

SCOPED_ROLES = ("coworker", "contractor")
_ME: Any = bindparam("me")
_ACCOUNT: Any = bindparam("account")


def scope_of(caller: Caller) -> str:
    """Return the scope of a caller's visibility: ``account``, ``coworker`` or ``contractor``."""
    return caller.role if caller.is_scoped else "account"


def visible_projects(scope: str) -> ColumnElement[bool]:
    return true() if scope == "account" else _is_assigned(projects.c.id)


def visible_project_groups(scope: str) -> ColumnElement[bool]:
    if scope == "account":
        return true()
    return exists(
        select(project_group_members.c.project_id).where(
            project_group_members.c.account_id == project_groups.c.account_id,
            project_group_members.c.project_group_id == project_groups.c.id,
            visible_project_group_members(scope),
        )
    )


def visible_project_group_members(scope: str) -> ColumnElement[bool]:
    return true() if scope == "account" else _is_assigned(project_group_members.c.project_id)


def visible_entries(scope: str, of: Table = entries) -> ColumnElement[bool]:
    """Return the condition of entries, or of their kept sums."""
    if scope == "account":
        return true()
    is_own = of.c.user_id == _ME
    is_in_no_project = of.c.project_id.is_(None) if of is entries else of.c.project_id == literal_column("0")
    if scope == "contractor":
        return and_(is_own, or_(is_in_no_project, _is_assigned(of.c.project_id)))
    return or_(_is_assigned(of.c.project_id), and_(is_in_no_project, is_own))


def visible_expenses(scope: str) -> ColumnElement[bool]:
    if scope == "account":
        return true()
    is_assigned = _is_assigned(expenses.c.project_id)
    return and_(expenses.c.user_id == _ME, is_assigned) if scope == "contractor" else is_assigned


def visible_users(scope: str) -> ColumnElement[bool]:
    return users.c.id == _ME if scope == "contractor" else true()


def visible_tags(scope: str) -> ColumnElement[bool]:
    if scope != "contractor":
        return true()
    is_own = and_(entries.c.project_id.is_(None), entries.c.user_id == _ME)
    # Nested rather than joined: SQLite could start a join with all entries of the account, for each tag again.
    is_visible_entry = exists(
        select(entries.c.id).where(
            entries.c.account_id == entry_tags.c.account_id,
            entries.c.id == entry_tags.c.entry_id,
            or_(_is_assigned(entries.c.project_id), is_own),
        )
    )
    return exists(
        select(entry_tags.c.entry_id).where(
            entry_tags.c.account_id == tags.c.account_id, entry_tags.c.tag_id == tags.c.id, is_visible_entry
        )
    )


def visible_inbox_entries() -> ColumnElement[bool]:
    is_own: ColumnElement[bool] = inbox_entries.c.user_id == _ME
    return is_own


def visible_timers(scope: str) -> ColumnElement[bool]:
    is_own = timers.c.user_id == _ME
    return is_own if scope == "account" else and_(is_own, _is_assigned(timers.c.project_id))


def visible_broadcast_receivers() -> ColumnElement[bool]:
    is_own: ColumnElement[bool] = broadcast_receivers.c.user_id == _ME
    return is_own


def _is_assigned(project_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists(
        select(project_access.c.project_id).where(
            project_access.c.account_id == _ACCOUNT,
            project_access.c.user_id == _ME,
            project_access.c.project_id == project_id,
        )
    )
