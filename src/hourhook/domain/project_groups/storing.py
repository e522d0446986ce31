"""How it is stored in which group a project is, whichever way that changes."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete

from hourhook.store.schema import project_group_members
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def add_projects(tx: Transaction, id: int, project_ids: Sequence[int]) -> None:
    """Store that projects, none of which is in a group, are in this one from now on."""
    rows = [(tx.account_id, project_id, id) for project_id in project_ids]
    tx.insert_many(project_group_members, ("account_id", "project_id", "project_group_id"), rows)


def remove_projects(tx: Transaction, project_ids: Sequence[int]) -> None:
    """Store that projects are in no group any more."""
    tx.execute(_LEAVE, account=tx.account_id, ids=[*project_ids])


_LEAVE = Statement(
    delete(project_group_members).where(
        project_group_members.c.account_id == bindparam("account"), any_of(project_group_members.c.project_id, "ids")
    )
)
