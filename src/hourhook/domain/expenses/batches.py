"""Many expenses, a bounded number at a time, in ascending id: what side effects work through."""

from collections.abc import Iterator

from sqlalchemy import bindparam, select

from hourhook.domain.callers import Caller
from hourhook.domain.expenses.representations import COLUMNS, JOINED, Expense, represent
from hourhook.store.schema import expenses
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

SIZE = 500


def of_project(tx: Transaction, caller: Caller, project_id: int) -> Iterator[list[Expense]]:
    """The expenses of a project."""
    after = 0
    while True:
        rows = tx.all(_OF_PROJECT, account=caller.account_id, after=after, project=project_id)
        if rows:
            yield [represent(caller.links, row) for row in rows]
        if len(rows) < SIZE:
            return
        after = rows[-1].id


_OF_PROJECT = Statement(
    select(*COLUMNS)
    .select_from(JOINED)
    .where(
        expenses.c.account_id == bindparam("account"),
        expenses.c.id > bindparam("after"),
        expenses.c.project_id == bindparam("project"),
    )
    .order_by(expenses.c.id)
    .limit(SIZE)
)
