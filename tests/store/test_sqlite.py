"""SQLite in a file: its lock, and files that cannot be opened."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.store.database import Commit
from hourhook.store.sqlite import SqliteDatabase
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
