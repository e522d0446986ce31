"""Many expenses, a bounded number at a time, in ascending id: what side effects work through.

What a caller of these does to the expenses of one batch may take them out of the collection, and adds none to it.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, bindparam, select

from hourhook.domain.callers import Caller
from hourhook.domain.expenses.representations import COLUMNS, JOINED, Expense, represent
from hourhook.store.schema import expenses
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

SIZE = 500


def of_ids(tx: Transaction, caller: Caller, ids: Sequence[int]) -> Iterator[list[Expense]]:
    """The expenses of the account with these ids."""
    in_order = sorted({*ids})
    for start in range(0, len(in_order), SIZE):
        yield from _read(tx, caller, _OF_IDS, ids=in_order[start : start + SIZE])


def of_project(tx: Transaction, caller: Caller, project_id: int) -> Iterator[list[Expense]]:
    """The expenses of a project."""
    return _read(tx, caller, _OF_PROJECT, project=project_id)


def _read(tx: Transaction, caller: Caller, statement: Statement, **parameters: object) -> Iterator[list[Expense]]:
    after = 0
    while True:
        rows = tx.all(statement, account=caller.account_id, after=after, **parameters)
        if rows:
            yield [represent(caller.links, row) for row in rows]
        if len(rows) < SIZE:
            return
        after = rows[-1].id


def _batch(condition: ColumnElement[bool]) -> Statement:
    return Statement(
        select(*COLUMNS)
        .select_from(JOINED)
        .where(expenses.c.account_id == bindparam("account"), expenses.c.id > bindparam("after"), condition)
        .order_by(expenses.c.id)
        .limit(SIZE)
    )


_OF_IDS = _batch(any_of(expenses.c.id, "ids"))
_OF_PROJECT = _batch(expenses.c.project_id == bindparam("project"))
