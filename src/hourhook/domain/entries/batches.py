"""Many entries, a bounded number at a time, in ascending id: what side effects and actions on several work through.

What a caller of these does to the entries of one batch may take them out of the collection, and adds none to it.
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
    """The entries of the account with these ids."""
    for some in batching.batch_ids(ids):
        rows = tx.all(_OF_IDS, account=caller.account_id, ids=some)
        if rows:
            yield represent(tx, caller.account_id, caller.links, rows)


def of_tag(tx: Transaction, caller: Caller, tag_id: int) -> Iterator[list[Entry]]:
    """The entries that carry a tag."""
    return _read(tx, caller, _OF_TAG, tag=tag_id)


def of_project(tx: Transaction, caller: Caller, project_id: int) -> Iterator[list[Entry]]:
    """The entries of a project."""
    return _read(tx, caller, _OF_PROJECT, project=project_id)


def of_approver(tx: Transaction, caller: Caller, user_id: int) -> Iterator[list[Entry]]:
    """The entries that a user approved."""
    return _read(tx, caller, _OF_APPROVER, user=user_id)


def store_descriptions(tx: Transaction, described: list[Entry]) -> None:
    """Store the descriptions of these entries."""
    tx.execute(
        _DESCRIBE,
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


def _chosen(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*COLUMNS)
        .select_from(JOINED)
        .where(entries.c.account_id == bindparam("account"), *conditions)
        .order_by(entries.c.id)
    )


def _batch(condition: ColumnElement[bool]) -> Statement:
    return Statement(_chosen(entries.c.id > bindparam("after"), condition).limit(BATCH_SIZE))


_OF_IDS = Statement(_chosen(any_of(entries.c.id, "ids")))
# Begins with the tag, so that it costs nothing how many entries the account has without it.
_OF_TAG = Statement(
    _chosen(
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
    )
)
_OF_PROJECT = _batch(entries.c.project_id == bindparam("project"))
_OF_APPROVER = _batch(entries.c.approved_by_id == bindparam("user"))


def _describing(dialect: str) -> str:
    # The account is one of the columns: named as a constant it would lead SQLite to walk through all of its entries.
    rows = rows_sql(dialect, "rows", account_id="INTEGER", id="INTEGER", description="TEXT", description_key="TEXT")
    return f"""
    UPDATE entries SET description = r.description, description_key = r.description_key, updated_at = :now
    FROM ({rows}) AS r
    WHERE entries.account_id = r.account_id AND entries.id = r.id
    """


_DESCRIBE = Statement(text(_describing("sqlite")), text(_describing("postgresql")))
