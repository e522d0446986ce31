"""A runtime process: wake-ups reach other processes, and a failed task ends the process."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import func, select, text

from hourhook.delivery.worker.notifier import CHANNEL
from hourhook.errors import DatabaseUnavailable
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import relay_wakeups, run_delivery
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.schema import attempts
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.statements import Statement
from hourhook.store.upgrades import migrate
from tests.conftest import Logged
from tests.support.backlogs import make_backlog
from tests.support.dependencies import DEPENDENCIES
from tests.support.scripted_transport import eventually

BREAK_TABLE = Statement(text("ALTER TABLE removals RENAME TO broken"))
ATTEMPTS_COUNT = Statement(select(func.count()).select_from(attempts))
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


def test_an_outage_ends_no_background_task(database: Database, logged: Logged) -> None:
    backlog = make_backlog(database)
    runtime = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)
    worker_waits = "worker start postponed" if database.dialect == "sqlite" else "worker cycle postponed"

    async def run() -> None:
        with ExitStack() as outage:
            outage.enter_context(accepting_no_writes(database))
            async with run_delivery(runtime, make_transport(runtime), on_failure=lambda: None):
                waiting = {"maintenance postponed", worker_waits}
                await eventually(database, lambda _: waiting <= {event["event"] for event in logged}, True)
                outage.close()
                with suppress(DatabaseUnavailable):
                    # The first change may meet a connection that was opened meanwhile. It replaces them all.
                    backlog.record("tag.created")
                backlog.record("tag.created")
                await eventually(database, lambda tx: tx.value(ATTEMPTS_COUNT) > 0, True)

    asyncio.run(run())

    assert runtime.failure is None


@contextmanager
def accepting_no_writes(database: Database) -> Iterator[None]:
    """Let the database refuse all writes while the context is open."""
    if isinstance(database, SqliteDatabase):
        database._writer.execute("PRAGMA query_only = 1")
        yield
        database._writer.execute("PRAGMA query_only = 0")
        return
    assert isinstance(database, PostgresDatabase)
    name = sql.Identifier(str(conninfo_to_dict(database.url)["dbname"]))
    with psycopg.connect(database.url, autocommit=True) as operator:
        operator.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        # Open connections stay as they are.
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        yield
        operator.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))


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


# Serves until it has started, and prints which of the modules it has imported that take long.
SERVE = """
import asyncio, os, signal, sys
from hourhook.process.bootstrap import bind, build_runtime
from hourhook.process.serving import serve
from hourhook.settings import Settings

signal.signal(signal.SIGTERM, lambda *_: None)
runtime = build_runtime(Settings(database_url=sys.argv[1]), "127.0.0.1")
stop = lambda: os.kill(os.getpid(), signal.SIGTERM)
asyncio.run(serve(runtime, bind("127.0.0.1", 0), with_worker=True, on_start=stop))
print(sorted({"alembic", "psycopg", "sqlalchemy.dialects.postgresql", "xlsxwriter"} & sys.modules.keys()))
"""


def test_a_server_on_sqlite_imports_neither_migrations_nor_the_driver_of_postgresql(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/current.db"
    migrate(url)

    done = subprocess.run([sys.executable, "-c", SERVE, url], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
