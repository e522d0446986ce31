"""SQLite in a file: its lock, and files that cannot be opened."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.settings import DatabaseLimits
from hourhook.store.database import Commit
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.transaction import Transaction
from hourhook.store.upgrades import migrate
from tests.support.backlogs import make_backlog
from tests.support.clocks import FakeClock

CLAIM = """
import sys
from pathlib import Path
from hourhook.clock import SystemClock
from hourhook.store.database import Commit
from hourhook.store.sqlite import SqliteDatabase
database = SqliteDatabase(Path(sys.argv[1]), SystemClock())
database.acquire_file_lock()
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_file_can_be_locked_by_one_process_only(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "hourhook.db"
    other = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "claimed\n"
    database = SqliteDatabase(path, clock)
    with pytest.raises(OperatorError, match="in use by another hourhook process: stop that process first"):
        database.acquire_file_lock()
    # The lock of a killed process is released.
    other.kill()
    other.wait()
    database.acquire_file_lock()
    database.close()


def test_commits_are_durable(tmp_path: Path, clock: FakeClock) -> None:
    database = SqliteDatabase(tmp_path / "hourhook.db", clock)
    with database._write_transaction(Commit()) as connection:
        found = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    database.close()


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "hourhook.db"
    path.write_text("this is no database, whatever its name says " * 100)
    with pytest.raises((DatabaseUnavailable, OperatorError), match=r"hourhook\.db"):
        SqliteDatabase(path, clock)


def test_an_invalid_statement_is_not_reported_as_an_outage(tmp_path: Path, clock: FakeClock) -> None:
    database = SqliteDatabase(tmp_path / "hourhook.db", clock)
    with pytest.raises(sqlite3.OperationalError), database._write_transaction(Commit()) as connection:
        connection.execute("SELECT FROM nowhere")
    database.close()


def test_writers_that_wait_for_another_process_all_fail_after_their_own_timeout(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "hourhook.db"
    database = SqliteDatabase(path, clock, DatabaseLimits(queue_seconds=0.3))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started_at = time.monotonic()

    async def run() -> None:
        results = await asyncio.gather(*(database.run(ignore) for _ in range(20)), return_exceptions=True)
        assert {type(result) for result in results} == {DatabaseUnavailable}
        # Not one after the other, which would take 6 s.
        assert time.monotonic() - started_at < 2
        holder.execute("ROLLBACK")
        await asyncio.gather(*(database.run(ignore) for _ in range(20)))

    asyncio.run(run())
    database.close()
    holder.close()


def test_a_writer_continues_when_another_process_releases_the_file(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "hourhook.db"
    database = SqliteDatabase(path, clock)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    async def run() -> None:
        asyncio.get_running_loop().call_later(0.05, holder.execute, "ROLLBACK")
        await database.run(ignore)

    asyncio.run(run())
    database.close()
    holder.close()


def ignore(_: Transaction) -> None:
    """Write nothing."""


def test_the_engine_and_busy_clients_take_turns(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "hourhook.db"
    migrate(f"sqlite:///{path}")
    database = SqliteDatabase(path, clock)
    account_id = make_backlog(database).account_id
    turns: list[str] = []

    async def write_repeatedly() -> None:
        for _ in range(10):
            await database.write(account_id, lambda _: turns.append("client"))

    async def settle_repeatedly() -> None:
        while len(turns) < 120:
            await database.run(lambda _: turns.append("engine"))

    async def run() -> None:
        await asyncio.gather(settle_repeatedly(), *(write_repeatedly() for _ in range(16)))

    asyncio.run(run())
    database.close()
    busy = turns[:120]
    assert busy.count("engine") >= 40
    assert busy.count("client") >= 40


def test_a_writer_that_gives_up_keeps_no_turn(tmp_path: Path, clock: FakeClock) -> None:
    database = SqliteDatabase(tmp_path / "hourhook.db", clock)
    leave = threading.Event()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        entered = asyncio.Event()

        def hold(_: Transaction) -> None:
            loop.call_soon_threadsafe(entered.set)
            leave.wait()

        holding = asyncio.create_task(database.run(hold))
        await entered.wait()
        waiting = [asyncio.create_task(database.run(ignore)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        leave.set()
        await asyncio.gather(holding, *waiting[1:])
        await database.run(ignore)

    asyncio.run(run())
    database.close()


def test_arguments_are_prepared_when_the_turn_has_come(tmp_path: Path, clock: FakeClock) -> None:
    database = SqliteDatabase(tmp_path / "hourhook.db", clock)
    arrived: list[str] = []

    async def run() -> None:
        waiting = asyncio.create_task(database.run(ignore))
        taken = asyncio.create_task(database.run_prepared(lambda _, found: found, lambda: ([*arrived],)))
        await asyncio.sleep(0)
        arrived.append("a result")
        await waiting
        assert await taken == ["a result"]

    asyncio.run(run())
    database.close()
