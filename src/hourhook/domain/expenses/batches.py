"""Iterate over many expenses in batches, ordered by id, for large changes (``docs/how-it-works.md#large-changes``).

While iterating, callers may change expenses so that they no longer match, but must not add matching ones.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, bindparam, select

from hourhook.domain import batching
from hourhook.domain.callers import Caller
from hourhook.domain.expenses.representations import COLUMNS, JOINED, Expense, represent
from hourhook.store.schema import expenses
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def of_ids(tx: Transaction, caller: Caller, ids: Sequence[int]) -> Iterator[list[Expense]]:
    """Yield the expenses with these ids, whether the caller sees them or not."""
    for batch in batching.batch_ids(ids):
        rows = tx.all(_OF_IDS, account=caller.account_id, ids=batch)
        if rows:
            yield [represent(caller.links, row) for row in rows]


def of_project(tx: Transaction, caller: Caller, project_id: int) -> Iterator[list[Expense]]:
    return _read(tx, caller, _OF_PROJECT, project=project_id)


def _read(tx: Transaction, caller: Caller, statement: Statement, **parameters: object) -> Iterator[list[Expense]]:
    after = 0
    while True:
        rows = tx.all(statement, account=caller.account_id, after=after, **parameters)
        if rows:
            yield [represent(caller.links, row) for row in rows]
        if len(rows) < batching.BATCH_SIZE:
            return
        after = rows[-1].id


def _batch(*conditions: ColumnElement[bool]) -> Statement:
    return Statement(
        select(*COLUMNS)
        .select_from(JOINED)
        .where(expenses.c.account_id == bindparam("account"), *conditions)
        .order_by(expenses.c.id)
        .limit(batching.BATCH_SIZE),
        replan=True,
    )


_OF_IDS = _batch(any_of(expenses.c.id, "ids"))
_OF_PROJECT = _batch(expenses.c.project_id == bindparam("project"), expenses.c.id > bindparam("after"))
