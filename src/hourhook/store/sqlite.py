"""SQLite in a file: no installation, used by one ``serve`` at a time and short commands next to it."""

import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate

from hourhook.clock import Clock
from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.settings import DatabaseLimits
from hourhook.store.database import Commit, Database, P, T, count_commit
from hourhook.store.executions import Execution, Threads, is_interrupted
from hourhook.store.grouped_writes import Group, GroupedWrites
from hourhook.store.transaction import Transaction
from hourhook.store.writer_queue import WriterQueue, WriterTurns

READERS = 4
# How much processor time the writes of one transaction may take before the others wait for the next one.
GROUP_SECONDS = 0.005
# Requests queue for the writer together, whatever their accounts.
ANY_ACCOUNT = -1
# Between two attempts to lock a file that another program has locked.
MIN_PAUSE_SECONDS = 0.001
MAX_PAUSE_SECONDS = 0.05
PROBE_BUSY_MILLISECONDS = 1000


class SqliteDatabase(Database):
    """An SQLite database with one connection for writing and a few for reading."""

    dialect = "sqlite"

    def __init__(self, path: Path, clock: Clock, limits: DatabaseLimits | None = None) -> None:
        super().__init__(clock, limits)
        self.path = path
        self._read_threads = Threads(READERS, "sqlite-reader")
        self._write_threads = self._run_threads = Threads(1, "sqlite-writer")
        # Writers queue here, in order, before they take a thread: SQLite's own busy wait sleeps and is unfair.
        self._queue = WriterQueue()
        self._grouped_writes = GroupedWrites(self._write_threads, lambda: self._turn(ANY_ACCOUNT), self._write_group)
        # The writes that the writer's thread runs in one transaction.
        self._group: Group | None = None
        self._writer_lock = threading.Lock()
        self._writer = self._connect()
        # The wait for the file's lock is that of ``_begin``.
        self._writer.execute("PRAGMA busy_timeout = 0")
        self._idle_readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._file_lock: int | None = None
        self._probe_connection: sqlite3.Connection | None = None
        # How many transactions have begun to write.
        self._writes_count = 0

    async def write(
        self,
        account_id: int,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function that changes an account, together with the others that wait for the writer at that moment."""
        if not self._queue.is_taken:
            return await super().write(account_id, function, *args, **kwargs)
        result: T = await self._in_thread(self._grouped_writes, self.write_now, account_id, function, *args, **kwargs)
        count_commit()
        return result

    def acquire_file_lock(self) -> None:
        """Lock the file against every other ``serve`` and ``migrate`` while this process runs.

        Raises ``OperatorError`` if another process holds the lock.
        """
        lock = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise OperatorError(
                f"the database {self.path} is in use by another hourhook process: stop that process first, "
                "or choose another file with --database sqlite:///path"
            ) from None
        self._file_lock = lock

    def close(self) -> None:
        self._read_threads.close()
        self._write_threads.close()
        with self._writer_lock:
            self._writer.close()
        while not self._idle_readers.empty():
            self._idle_readers.get_nowait().close()
        self._health.close(wait=True)
        if self._probe_connection is not None:
            self._probe_connection.close()
        if self._file_lock is not None:
            os.close(self._file_lock)
            self._file_lock = None

    def _writer_turns(self, account_id: int) -> WriterTurns:
        return self._queue.requests if account_id else self._queue.engine

    def _interrupt_statement(self, connection: sqlite3.Connection) -> None:
        connection.interrupt()

    _break_connection = _interrupt_statement

    def _begin(self) -> None:
        """Begin a write transaction; wait if another program has locked the file.

        The wait in the queue of this process is a part of that time, so that all writers fail after their own ten
        seconds, and not one after the other.
        """
        deadline = (self._queue.arrived_at or time.monotonic()) + self.limits.queue_seconds
        pause_seconds = MIN_PAUSE_SECONDS
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or is_interrupted() or time.monotonic() + pause_seconds > deadline:
                    raise
            threading.Event().wait(pause_seconds)
            pause_seconds = min(2 * pause_seconds, MAX_PAUSE_SECONDS)

    def _write_group(self, executions: list[Execution]) -> Group:
        """Run writes in one transaction, each within a savepoint, so that a refused one does not affect the others."""
        group = Group(executions, GROUP_SECONDS)
        try:
            with self._write_transaction(Commit()) as connection:
                self._group = group
                try:
                    # After some errors, such as a full disk, SQLite has rolled everything back.
                    group.run(lambda: connection.in_transaction, lambda: self._queue.engine.is_awaited)
                finally:
                    self._group = None
        except BaseException as error:  # noqa: BLE001 - raised again by the executions
            group.fail(error)
        group.finish()
        return group

    def _when_committed(self, action: Callable[[], None]) -> None:
        group = self._own_group()
        if group is None:
            action()
        else:
            group.when_committed(action)

    def _own_group(self) -> Group | None:
        group = self._group
        return group if group is not None and group.thread_id == threading.get_ident() else None

    @contextmanager
    def _savepoint(self) -> Iterator[sqlite3.Connection]:
        with _translate_errors():
            self._writer.execute("SAVEPOINT write")
            try:
                yield self._writer
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK TO write")
                    self._writer.execute("RELEASE write")
                raise
            self._writer.execute("RELEASE write")

    @contextmanager
    def _write_transaction(self, commit: Commit) -> Iterator[sqlite3.Connection]:
        if self._own_group() is not None:
            with self._savepoint() as connection:
                yield connection
            return
        with self._writer_lock, _translate_errors():
            self._begin()
            self._writes_count += 1
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _read_transaction(self) -> Iterator[sqlite3.Connection]:
        with _translate_errors(is_read=True):
            try:
                connection = self._idle_readers.get_nowait()
            except queue.Empty:
                connection = self._connect()
                connection.execute("PRAGMA query_only = 1")
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                # After a disk error, SQLite has already ended the transaction.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._idle_readers.put(connection)

    def _connect(self) -> sqlite3.Connection:
        with _translate_errors():
            connection = sqlite3.connect(
                self.path,
                timeout=self.limits.queue_seconds,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                raise OperatorError(
                    f"cannot open the database {self.path} ({error}): choose another file, or restore a backup"
                ) from None
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA wal_autocheckpoint = 8000")
            # In KiB per connection. With the default of 2,000, listing many rows reads pages repeatedly.
            connection.execute("PRAGMA cache_size = -12000")
            connection.execute("PRAGMA foreign_keys = ON")
            return connection

    def _probe(self) -> None:
        with _translate_errors():
            connection = self._probe_connection
            if connection is None:
                connection = self._probe_connection = self._connect()
                connection.execute(f"PRAGMA busy_timeout = {PROBE_BUSY_MILLISECONDS}")
            count = self._writes_count
            try:
                connection.execute("BEGIN IMMEDIATE")
                # A number in the header of the file that nobody reads: a change of it is a real write.
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                connection.execute(f"PRAGMA user_version = {1 - version % 2}")
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                is_ours = self._writer.in_transaction or self._writes_count > count
                # A long write of this process is no reason for alarm: it has the lock, so writes succeed.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not is_ours:
                    raise


# The reason of each primary result code.
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another program has locked the database file",
    sqlite3.SQLITE_READONLY: "the database file cannot be written to",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reported an error",
}
_UNUSABLE = "cannot use the database file"


@contextmanager
def _translate_errors(*, is_read: bool = False) -> Iterator[None]:
    """Turn outages into ``DatabaseUnavailable``; ``is_read``: the transaction is read-only, so a change is a defect."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = error.sqlite_errorcode
        # An invalid statement is a defect and is raised as it is. The rest is a full disk, a lock or a missing file.
        if code == sqlite3.SQLITE_ERROR or (is_read and code == sqlite3.SQLITE_READONLY):
            raise
        # Extended codes have the primary code in their lowest byte.
        reason = _REASONS.get(code & 0xFF)
        raise DatabaseUnavailable(reason or _UNUSABLE, f"{_UNUSABLE}: {error}" if reason else str(error)) from error
