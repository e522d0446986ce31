"""SQLite in a file: its lock, and files that cannot be opened."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.settings import DatabaseLimits
from hourhook.store.database import Commit
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.transaction import Transaction
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
