"""Writes that wait for SQLite's writer at the same time share a transaction, and none depends on the others."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text, update

from hourhook.errors import DatabaseUnavailable, NotFound
from hourhook.store.database import Commit
from hourhook.store.schema import accounts
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.upgrades import migrate
from tests.support.account_rows import add_account
from tests.support.clocks import FakeClock

NAMES = Statement(select(accounts.c.name).order_by(accounts.c.id))
RENAME = Statement(update(accounts).where(accounts.c.id == bindparam("account")).values(name=bindparam("name")))
SLOW = Statement(
    text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1e10) SELECT sum(x) FROM n")
)


class Accounts:
    """Three accounts, and writes to them that wait for the writer together."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.ids = [database.run_now(add_account, name) for name in ("a", "b", "c")]
        self.commits_count = 0
        self.writes: list[asyncio.Task[Any]] = []
        self._watch_commits()

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.database.read_now(lambda tx: tx.all(NAMES))]

    async def write(self, *functions: Callable[[Transaction], object]) -> list[Any]:
        """Run a function on each account while the writer is busy at first; return the results and exceptions."""
        self.commits_count = 0
        can_go_on = threading.Event()
        first = asyncio.create_task(self.database.run(lambda tx: can_go_on.wait()))
        await asyncio.sleep(0)
        self.writes = [
            asyncio.create_task(self.database.write(id, function))
            for id, function in zip(self.ids, functions, strict=True)
        ]
        await asyncio.sleep(0)
        can_go_on.set()
        await first
        return await asyncio.gather(*self.writes, return_exceptions=True)

    def _watch_commits(self) -> None:
        transaction = self.database._write_transaction

        def counted(commit: Commit) -> Any:
            self.commits_count += self.database._own_group() is None
            return transaction(commit)

        self.database._write_transaction = counted  # type: ignore[method-assign]


@pytest.fixture
def three(tmp_path: Path, clock: FakeClock) -> Iterator[Accounts]:
    path = tmp_path / "hourhook.db"
    migrate(f"sqlite:///{path}")
    database = SqliteDatabase(path, clock)
    yield Accounts(database)
    database.close()


def rename(name: str, tx: Transaction) -> str:
    tx.execute(RENAME, account=tx.account_id, name=name)
    return name


def refuse(tx: Transaction) -> None:
    rename("refused", tx)
    raise NotFound


def test_writes_that_wait_together_are_one_transaction(three: Accounts) -> None:
    results = asyncio.run(three.write(*(partial(rename, name) for name in "xyz")))

    assert results == three.names == ["x", "y", "z"]
    # That of the writer which they waited for, and theirs.
    assert three.commits_count == 2


def test_a_refused_write_is_rolled_back_alone(three: Accounts) -> None:
    committed: list[str] = []

    def rename_and_tell(name: str, tx: Transaction) -> None:
        rename(name, tx)
        tx.after_commit(partial(committed.append, name))

    def refuse_and_tell(tx: Transaction) -> None:
        tx.after_commit(partial(committed.append, "refused"))
        refuse(tx)

    first, refused, last = asyncio.run(
        three.write(partial(rename_and_tell, "x"), refuse_and_tell, partial(rename_and_tell, "z"))
    )

    assert first is last is None
    assert isinstance(refused, NotFound)
    assert three.names == ["x", "b", "z"]
    assert committed == ["x", "z"]


def test_all_writes_fail_if_their_commit_fails(three: Accounts) -> None:
    def fail_to_commit(tx: Transaction) -> None:
        # Foreign keys are then checked by the commit.
        tx.execute(Statement(text("PRAGMA defer_foreign_keys = 1")))
        tx.execute(Statement(text("INSERT INTO project_access VALUES (:id, 99, 99)")), id=tx.account_id)

    results = asyncio.run(three.write(partial(rename, "x"), fail_to_commit, partial(rename, "z")))

    assert [type(result) for result in results] == [sqlite3.IntegrityError] * 3
    assert three.names == ["a", "b", "c"]


def test_an_error_that_ends_the_transaction_fails_the_writes_in_it_only(three: Accounts) -> None:
    def lose_everything(tx: Transaction) -> None:
        # As SQLite does when the disk is full.
        three.database._writer.execute("ROLLBACK")
        raise DatabaseUnavailable("the disk is full")

    first, lost, last = asyncio.run(three.write(partial(rename, "x"), lose_everything, partial(rename, "z")))

    assert isinstance(first, DatabaseUnavailable)
    assert isinstance(lost, DatabaseUnavailable)
    assert last == "z"
    assert three.names == ["a", "b", "z"]


def test_a_cancelled_write_is_interrupted_and_rolled_back_alone(three: Accounts) -> None:
    has_begun = threading.Event()

    def rename_slowly(tx: Transaction) -> None:
        rename("slow", tx)
        has_begun.set()
        tx.value(SLOW)

    async def cancel_the_second() -> list[Any]:
        writing = asyncio.create_task(three.write(partial(rename, "x"), rename_slowly, partial(rename, "z")))
        await asyncio.to_thread(has_begun.wait)
        three.writes[1].cancel()
        return await writing

    first, cancelled, last = asyncio.run(cancel_the_second())

    assert isinstance(cancelled, asyncio.CancelledError)
    assert (first, last) == ("x", "z")
    assert three.names == ["x", "b", "z"]
