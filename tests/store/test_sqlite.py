"""SQLite in a file: who owns it, and what comes of a file that cannot be used."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.store.sqlite import SqliteDatabase
from tests.support.clocks import FakeClock

CLAIM = """
import sys
from pathlib import Path
from hourhook.clock import SystemClock
from hourhook.store.sqlite import SqliteDatabase
database = SqliteDatabase(Path(sys.argv[1]), SystemClock())
database.acquire_file_lock()
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_file_has_one_owner_at_a_time(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "hourhook.db"
    other = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "claimed\n"
    database = SqliteDatabase(path, clock)
    with pytest.raises(OperatorError, match="in use by another hourhook process: stop that one first"):
        database.acquire_file_lock()
    # An owner that dies without a word leaves nothing behind.
    other.kill()
    other.wait()
    database.acquire_file_lock()
    database.close()


def test_every_commit_is_on_the_disk_before_it_is_answered(tmp_path: Path, clock: FakeClock) -> None:
    database = SqliteDatabase(tmp_path / "hourhook.db", clock)
    with database._write_transaction() as connection:
        found = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    database.close()


def test_a_file_that_is_no_database_is_a_clear_refusal(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "hourhook.db"
    path.write_text("this is no database, whatever its name says " * 100)
    with pytest.raises((DatabaseUnavailable, OperatorError), match=r"hourhook\.db"):
        SqliteDatabase(path, clock)


def test_a_wrong_statement_is_a_defect_and_no_outage(tmp_path: Path, clock: FakeClock) -> None:
    database = SqliteDatabase(tmp_path / "hourhook.db", clock)
    with pytest.raises(sqlite3.OperationalError), database._write_transaction() as connection:
        connection.execute("SELECT FROM nowhere")
    database.close()
