"""Store which group a project is in."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete

from hourhook.store.schema import project_group_members
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def add_projects(tx: Transaction, id: int, project_ids: Sequence[int]) -> None:
    """Store that projects are in a group; none of them may be in one already."""
    rows = [(tx.account_id, project_id, id) for project_id in project_ids]
    tx.insert_many(project_group_members, ("account_id", "project_id", "project_group_id"), rows)


def remove_projects(tx: Transaction, project_ids: Sequence[int]) -> None:
    """Store that projects are in no group."""
    tx.execute(_REMOVE, account=tx.account_id, ids=[*project_ids])


_REMOVE = Statement(
    delete(project_group_members).where(
        project_group_members.c.account_id == bindparam("account"), any_of(project_group_members.c.project_id, "ids")
    )
)
