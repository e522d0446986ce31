"""A runtime process: wake-ups reach other processes, and a failed task ends the process."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from hourhook.delivery.worker.wakeups import CHANNEL
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import relay_wakeups, run_delivery
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.statements import Statement
from tests.support.backlogs import make_backlog
from tests.support.dependencies import DEPENDENCIES

BREAK_TABLE = Statement(text("ALTER TABLE removals RENAME TO broken"))
RESTORE_TABLE = Statement(text("ALTER TABLE broken RENAME TO removals"))


def test_a_failed_maintenance_task_ends_the_process(database: Database) -> None:
    runtime = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)

    async def run() -> None:
        failed = asyncio.Event()
        async with run_delivery(runtime, make_transport(runtime), on_failure=failed.set), asyncio.timeout(10):
            await failed.wait()

    database.run_now(lambda tx: tx.execute(BREAK_TABLE))
    try:
        asyncio.run(run())
    finally:
        database.run_now(lambda tx: tx.execute(RESTORE_TABLE))

    assert runtime.failure == "the maintenance failed: see the log"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_wake_up_reaches_other_processes(database: Database, database_url: str) -> None:
    backlog = make_backlog(database)
    runtime = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)

    async def run() -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
            await other.execute(f"LISTEN {CHANNEL}")
            async with relay_wakeups(runtime, lambda: None):
                await asyncio.to_thread(backlog.record, "tag.created")
                assert [notification.channel async for notification in other.notifies(timeout=10, stop_after=1)] == [
                    CHANNEL
                ]

    asyncio.run(run())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_failed_notifier_ends_the_process(database: Database) -> None:
    assert isinstance(database, PostgresDatabase)
    runtime = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)
    # A defect, which no outage of the server explains.
    del database.url

    async def run() -> None:
        failed = asyncio.Event()
        async with relay_wakeups(runtime, failed.set) as wakeups, asyncio.timeout(10):
            wakeups.wake()
            await failed.wait()

    asyncio.run(run())

    assert runtime.failure == "the notifier failed: see the log"
