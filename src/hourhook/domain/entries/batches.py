"""Iterate over many entries in batches, ordered by id, for large changes (``docs/how-it-works.md#large-changes``).

While iterating, callers may change entries so that they no longer match, but must not add matching ones.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, text

from hourhook.domain import batching
from hourhook.domain.callers import Caller
from hourhook.domain.entries.representations import COLUMNS, JOINED, Entry, represent
from hourhook.domain.search_keys import search_key
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import entries, entry_tags
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

BATCH_SIZE = batching.BATCH_SIZE


def of_ids(tx: Transaction, caller: Caller, ids: Sequence[int]) -> Iterator[list[Entry]]:
    """Yield the entries with these ids, whether the caller sees them or not."""
    for batch in batching.batch_ids(ids):
        rows = tx.all(_OF_IDS, account=caller.account_id, ids=batch)
        if rows:
            yield represent(tx, caller.account_id, caller.links, rows)


def of_tag(tx: Transaction, caller: Caller, tag_id: int) -> Iterator[list[Entry]]:
    return _read(tx, caller, _OF_TAG, tag=tag_id)


def of_project(tx: Transaction, caller: Caller, project_id: int) -> Iterator[list[Entry]]:
    return _read(tx, caller, _OF_PROJECT, project=project_id)


def of_approver(tx: Transaction, caller: Caller, user_id: int) -> Iterator[list[Entry]]:
    return _read(tx, caller, _OF_APPROVER, user=user_id)


def store_descriptions(tx: Transaction, described: list[Entry]) -> None:
    tx.execute(
        _STORE_DESCRIPTIONS,
        now=tx.event_time,
        rows=encode_rows(
            [(tx.account_id, e.id, e.description or None, search_key(e.description) or None) for e in described]
        ),
    )


def _read(tx: Transaction, caller: Caller, statement: Statement, **parameters: object) -> Iterator[list[Entry]]:
    after = 0
    while True:
        rows = tx.all(statement, account=caller.account_id, after=after, **parameters)
        if rows:
            yield represent(tx, caller.account_id, caller.links, rows)
        if len(rows) < BATCH_SIZE:
            return
        after = rows[-1].id


def _select(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*COLUMNS)
        .select_from(JOINED)
        .where(entries.c.account_id == bindparam("account"), *conditions)
        .order_by(entries.c.id)
    )


def _batch(condition: ColumnElement[bool]) -> Statement:
    return Statement(_select(entries.c.id > bindparam("after"), condition).limit(BATCH_SIZE), replan=True)


_OF_IDS = Statement(_select(any_of(entries.c.id, "ids")), replan=True)
# Starts from the tag, so that the cost does not depend on the number of untagged entries.
_OF_TAG = Statement(
    _select(
        entries.c.id.in_(
            select(entry_tags.c.entry_id)
            .where(
                entry_tags.c.account_id == bindparam("account"),
                entry_tags.c.tag_id == bindparam("tag"),
                entry_tags.c.entry_id > bindparam("after"),
            )
            .order_by(entry_tags.c.entry_id)
            .limit(BATCH_SIZE)
        )
    ),
    replan=True,
)
_OF_PROJECT = _batch(entries.c.project_id == bindparam("project"))
_OF_APPROVER = _batch(entries.c.approved_by_id == bindparam("user"))


def _store_descriptions_sql(dialect: str) -> str:
    # The account is a column of the rows: as a constant, it makes SQLite scan all entries of the account.
    rows = rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER", description="TEXT", description_key="TEXT")
    return f"""
    UPDATE entries SET description = r.description, description_key = r.description_key, updated_at = :now
    FROM ({rows}) AS r
    WHERE entries.account_id = r.account_id AND entries.id = r.id
    """


_STORE_DESCRIPTIONS = Statement(text(_store_descriptions_sql("sqlite")), text(_store_descriptions_sql("postgresql")))
