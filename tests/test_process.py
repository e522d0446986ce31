"""The pieces put together: they hear of each other, and what is wrong with one of them is not passed over."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from hourhook.delivery.worker.wakeups import CHANNEL
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import relay_wakeups, run_delivery
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from tests.support.backlogs import make_backlog
from tests.support.dependencies import DEPENDENCIES

SPOIL = Statement(text("ALTER TABLE removals RENAME TO spoilt"))
MEND = Statement(text("ALTER TABLE spoilt RENAME TO removals"))


def test_housekeeping_that_fails_ends_the_process_in_the_open(database: Database) -> None:
    running = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)

    async def run() -> None:
        failed = asyncio.Event()
        async with run_delivery(running, make_transport(running), on_failure=failed.set), asyncio.timeout(10):
            await failed.wait()

    database.run_now(lambda tx: tx.execute(SPOIL))
    try:
        asyncio.run(run())
    finally:
        database.run_now(lambda tx: tx.execute(MEND))

    assert running.failure == "the maintenance has failed: see the log"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_becomes_due_in_one_process_is_told_to_the_others(database: Database, database_url: str) -> None:
    backlog = make_backlog(database)
    running = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)

    async def run() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
            await other.execute(f"LISTEN {CHANNEL}")
            async with relay_wakeups(running):
                await asyncio.to_thread(backlog.record, "tag.created")
                assert [heard.channel async for heard in other.notifies(timeout=10, stop_after=1)] == [CHANNEL]

    asyncio.run(run())
