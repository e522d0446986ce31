"""A cancelled task learns what became of its transaction: rolled back, or committed."""

import asyncio
import os
import signal
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import bindparam, select, text, update

from hourhook.store.database import Database
from hourhook.store.executions import RequestWork, request_work
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.account_rows import add_account

T = TypeVar("T")
NAMES = Statement(select(accounts.c.name))
RENAME = Statement(update(accounts).where(accounts.c.id == bindparam("account")).values(name="southwind"))
# Minutes, if nothing interrupts it.
SLOW = {
    "sqlite": Statement(
        text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1e10) SELECT sum(x) FROM n")
    ),
    "postgresql": Statement(text("SELECT pg_sleep(600)")),
}
BACKEND = Statement(text("SELECT pg_backend_pid()"))


class Call:
    """A function that changes an account's name, then tells that it has begun, and then does something slow."""

    def __init__(self, database: Database, then: Callable[[Transaction], object]) -> None:
        self.database = database
        self.account_id = database.run_now(add_account, "northwind")
        self.has_begun = threading.Event()
        self._then = then

    async def start(self) -> asyncio.Task[str]:
        """Start the function in a task, and wait until it has begun."""
        task = asyncio.create_task(self.write())
        await asyncio.to_thread(self.has_begun.wait)
        return task

    async def write(self) -> str:
        return await self.database.write(self.account_id, self._rename)

    def _rename(self, tx: Transaction) -> str:
        tx.execute(RENAME, account=self.account_id)
        self.has_begun.set()
        self._then(tx)
        return "renamed"

    @property
    def name(self) -> str:
        return str(self.database.read_now(lambda tx: tx.value(NAMES)))


def run_slow_statement(tx: Transaction) -> None:
    tx.value(SLOW[tx.dialect])


def run_statements_forever(tx: Transaction) -> None:
    while True:
        tx.value(NAMES)


@pytest.mark.parametrize("then", [run_slow_statement, run_statements_forever])
def test_a_cancelled_write_is_rolled_back_at_once(database: Database, then: Callable[[Transaction], object]) -> None:
    call = Call(database, then)

    async def run() -> None:
        task = await call.start()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_request(run())

    assert call.name == "northwind"
    # The connection is as good as new.
    assert database.write_now(call.account_id, lambda tx: tx.execute(RENAME, account=call.account_id)) == 1


def test_a_cancelled_read_ends_at_once(database: Database) -> None:
    async def run() -> None:
        has_begun = threading.Event()

        def read(tx: Transaction) -> None:
            has_begun.set()
            run_slow_statement(tx)

        task = asyncio.create_task(database.read(read))
        await asyncio.to_thread(has_begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_request(run())


def test_a_cancelled_write_that_was_committed_returns_its_result(database: Database) -> None:
    ending = threading.Event()

    def wait() -> None:
        ending.wait()

    call = Call(database, lambda tx: tx.after_commit(wait))

    async def run() -> str:
        task = await call.start()
        # After the commit only.
        while await database.read(lambda tx: tx.value(NAMES)) != "southwind":
            pass
        task.cancel()
        asyncio.get_running_loop().call_later(0.01, ending.set)
        return await task

    work = RequestWork()

    assert in_request(run(), work) == "renamed"
    assert (work.commits_count, work.is_cancelled) == (1, True)


def test_a_cancelled_request_begins_nothing_more(database: Database) -> None:
    call = Call(database, lambda tx: None)

    async def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            await call.write()

    in_request(run(), RequestWork(is_cancelled=True))

    assert call.name == "northwind"


def test_a_write_that_waits_for_its_turn_can_be_cancelled(database: Database) -> None:
    call = Call(database, run_slow_statement)

    async def run() -> None:
        tasks = [await call.start(), *(asyncio.create_task(call.write()) for _ in range(5))]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError] * 6

    in_request(run())

    assert call.name == "northwind"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wait_for_another_process_can_be_cancelled(database: Database, database_url: str) -> None:
    call = Call(database, lambda tx: None)
    holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    async def run() -> None:
        task = asyncio.create_task(call.write())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_request(run())
    holder.close()

    assert call.name == "northwind"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_write_ends_although_the_database_does_not_respond(database: Database) -> None:
    frozen: list[int] = []
    is_frozen = threading.Event()

    def freeze(tx: Transaction) -> None:
        backend = tx.value(BACKEND)
        os.kill(backend, signal.SIGSTOP)
        frozen.append(backend)
        is_frozen.set()
        tx.value(NAMES)

    call = Call(database, freeze)

    async def run() -> None:
        task = await call.start()
        await asyncio.to_thread(is_frozen.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        in_request(run())
    finally:
        for backend in frozen:
            os.kill(backend, signal.SIGCONT)

    assert call.name == "northwind"


def in_request(work: Awaitable[T], request: RequestWork | None = None) -> T:
    """Run as the task of a request."""

    async def run() -> T:
        request_work.set(request or RequestWork())
        async with asyncio.timeout(10):
            return await work

    result: Any = asyncio.run(run())
    return result  # type: ignore[no-any-return]
