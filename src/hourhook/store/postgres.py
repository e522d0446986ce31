"""PostgreSQL: shared by any number of ``serve`` and ``worker`` processes on any number of machines."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any
from weakref import WeakValueDictionary

import psycopg

from hourhook.clock import Clock, SystemClock
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from hourhook.settings import DatabaseLimits
from hourhook.store.database import Commit, Database
from hourhook.store.executions import Threads, is_interrupted
from hourhook.store.postgres_connections import (
    AsyncConnection,
    Connection,
    ConnectionPool,
    connect,
    connect_async,
)
from hourhook.store.server_clock import ServerClock
from hourhook.store.sqlstates import READ_ONLY, REASONS, first_line, outage_of, translating_outages

THREADS = 8
# How long PostgreSQL may take to accept the request to cancel a statement.
CANCEL_SECONDS = 1.0
# Threads per account: one writes, and one waits for the lock, to continue at once. Other writers of the account queue
# without a thread, so that writers of other accounts always find one, however long a write takes.
WRITERS_PER_ACCOUNT = 2
# How many times as long as a request the engine's own work may wait for an answer: its statements have no time limit.
ENGINE_PATIENCE = 4
FATE_POLL_SECONDS = 0.1
_FATE_UNKNOWN = "the connection to PostgreSQL broke during a commit, and it is unknown whether the change was kept"
_NOT_KEPT = "the connection to PostgreSQL broke during a commit, and the change was not kept"


class PostgresDatabase(Database):
    """A PostgreSQL database with small connection pools: one connection per busy thread."""

    dialect = "postgresql"

    def __init__(self, url: str, clock: Clock | None = None, limits: DatabaseLimits | None = None) -> None:
        """Open a database; a given ``clock``, as in tests, replaces the server's as well as that of this process."""
        super().__init__(clock or SystemClock(), limits)
        self.url = url
        self._server_clock = ServerClock(self.clock) if clock is None else None
        if self._server_clock is not None:
            self.shared_clock = self._server_clock
        # Separate threads: writers waiting for an account's lock must not block readers or the engine.
        self._read_threads = Threads(THREADS, "postgres-reader")
        self._write_threads = Threads(THREADS, "postgres-writer")
        self._run_threads = Threads(2, "postgres-runner")
        self._queues: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()
        statement_seconds, connect_seconds = self.limits.statement_seconds, self.limits.connect_seconds
        # The server ends a statement that takes too long; if it does not, we end the connection a little later.
        self._requests = ConnectionPool(
            lambda: self.connect(
                statement_seconds=statement_seconds, answer_seconds=statement_seconds + connect_seconds
            ),
            connect_seconds,
        )
        self._engine = ConnectionPool(
            lambda: self.connect(answer_seconds=ENGINE_PATIENCE * statement_seconds), connect_seconds
        )
        self._probe_connection: Connection | None = None
        # The server's process behind the connection that wakes the workers of other processes; 0 if there is none. This
        # process receives its own notifications, too.
        self.notifier_pid = 0
        # Fails at startup if the server cannot be reached at all.
        with translating_outages():
            connection = self._requests.begin("BEGIN")
            connection.execute("ROLLBACK")
            self._requests.give_back(connection)

    def connect(self, *, statement_seconds: float = 0, answer_seconds: float | None = None) -> Connection:
        """Open a connection outside the pools; the caller closes it.

        The server ends a statement after ``statement_seconds``, and the connection ends after ``answer_seconds``
        without an answer. Without them there is no such limit. Raises ``DatabaseUnavailable``.
        """
        return connect(self.url, self.limits, statement_seconds=statement_seconds, answer_seconds=answer_seconds)

    async def connect_async(self, application_name: str) -> AsyncConnection:
        """Open a connection for the event loop; the caller closes it. Raises ``DatabaseUnavailable``."""
        return await connect_async(self.url, self.limits, application_name)

    def close(self) -> None:
        for pool in (self._requests, self._engine):
            pool.interrupt()
        for threads in (self._read_threads, self._write_threads, self._run_threads):
            threads.close()
        # Not awaited: it may just connect to a server that does not answer.
        self._health.close(wait=False)
        if self._probe_connection is not None:
            if self._health.is_running:
                self._probe_connection.interrupt()
            else:
                self._probe_connection.close()
        for pool in (self._requests, self._engine):
            pool.clear()

    def _interrupt_statement(self, connection: Connection) -> None:
        with suppress(psycopg.Error):
            connection.cancel_safe(timeout=CANCEL_SECONDS)

    def _break_connection(self, connection: Connection) -> None:
        connection.interrupt()

    def _writer_turns(self, account_id: int) -> asyncio.Semaphore | None:
        if not account_id:
            return None
        # A weak reference: a queue exists while writers hold it.
        return self._queues.setdefault(account_id, asyncio.Semaphore(WRITERS_PER_ACCOUNT))

    @contextmanager
    def _write_transaction(self, commit: Commit) -> Iterator[Connection]:
        begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
        with translating_outages(), self._begin(self._requests, begin, commit) as connection:
            yield connection

    @contextmanager
    def _run_transaction(self) -> Iterator[Connection]:
        with translating_outages(), self._begin(self._engine, "BEGIN ISOLATION LEVEL READ COMMITTED") as connection:
            yield connection

    @contextmanager
    def _read_transaction(self) -> Iterator[Connection]:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with translating_outages(is_read=True), self._begin(self._requests, begin, is_read=True) as connection:
            yield connection

    @contextmanager
    def _begin(
        self, pool: ConnectionPool, begin: str, commit: Commit | None = None, *, is_read: bool = False
    ) -> Iterator[Connection]:
        connection = pool.begin(begin)
        try:
            if self._server_clock is not None:
                self._server_clock.synchronize(connection)
            yield connection
            _commit(connection, commit)
        except CommitUnknown as error:
            connection.close()
            # What was read is complete.
            if not is_read:
                self._find_out_fate(connection, commit, error)
        except psycopg.Error as error:
            if error.sqlstate == READ_ONLY and not is_read:
                # After a failover, others lead to the server that only reads, too.
                self._requests.clear()
                self._engine.clear()
            # After an error the driver's view of a connection may be wrong, above all of which statements are
            # prepared: those pipelined with the failed one never reached the server.
            connection.close()
            raise
        except BaseException:
            if not connection.closed and not connection.broken:
                connection.execute("ROLLBACK")
            raise
        finally:
            pool.give_back(connection)

    def _find_out_fate(self, connection: Any, commit: Commit | None, error: CommitUnknown) -> None:
        """Return if a transaction was committed: ask on another connection, until the server knows or time is over.

        After a failover another transaction may have the same id. So a commit counts only on the server that was asked
        to make it; a transaction that was not committed anywhere was not kept in any case.

        Raises ``DatabaseUnavailable`` if it was not committed, and ``error`` if that remains unknown.
        """
        if commit is None or commit.transaction_id is None:
            raise error
        deadline = time.monotonic() + self.limits.queue_seconds
        while time.monotonic() < deadline:
            match self._fate_of(commit.transaction_id, connection.server_started_at):
                case "committed":
                    return
                case "aborted":
                    raise DatabaseUnavailable(_NOT_KEPT, str(error.__cause__)) from error
            if is_interrupted():
                break
            Event().wait(FATE_POLL_SECONDS)
        raise error

    def _fate_of(self, transaction_id: str, server_started_at: str) -> str | None:
        """Return ``committed`` or ``aborted``, or None if it is not known yet."""
        try:
            other = self.connect(answer_seconds=self.limits.connect_seconds)
        except DatabaseUnavailable:
            return None
        try:
            row = other.execute("SELECT pg_xact_status(CAST(%s AS xid8))", (transaction_id,)).fetchone()
        except psycopg.errors.InvalidParameterValue:
            # The id is in the future: this server, after a failover, has never seen the transaction.
            return "aborted"
        except psycopg.Error as error:
            if outage_of(error) is None:
                raise
            return None
        finally:
            is_same_server = other.server_started_at == server_started_at
            other.close()
        fate = None if row is None else row[0]
        return None if fate == "committed" and not is_same_server else fate

    def _probe(self) -> None:
        with translating_outages():
            connection = self._open_probe_connection()
            try:
                for statement in _PROBES:
                    row = connection.execute(statement).fetchone()
                    if row == ("on",):
                        raise DatabaseUnavailable(REASONS[READ_ONLY])
            except BaseException:
                connection.close()
                raise

    def _open_probe_connection(self) -> Connection:
        connection = self._probe_connection
        if connection is not None and not connection.closed:
            try:
                connection.execute("SELECT 1")
                return connection
            except psycopg.OperationalError:
                # The server ended this connection while it was idle.
                connection.close()
        connection = self._probe_connection = self.connect(answer_seconds=self.limits.connect_seconds)
        connection.execute("SET work_mem = '64kB'")
        return connection


# Whether transactions may write; then a temporary file, which needs space on the disk; then a record in the write-ahead
# log with a commit, which no reader of the log knows. None leaves a row behind or waits for a lock.
_PROBES = (
    "SELECT current_setting('transaction_read_only')",
    "SELECT CAST(count(*) AS TEXT) FROM generate_series(1, 8000)",
    "SELECT CAST(pg_logical_emit_message(true, 'hourhook', 'health') AS TEXT)",
)


def _commit(connection: Connection, commit: Commit | None) -> None:
    try:
        if commit is None or commit.execute is None:
            connection.execute("COMMIT")
        else:
            commit.execute()
    except psycopg.OperationalError as error:
        if error.sqlstate is not None and not connection.closed:
            # The server answered, so it has rolled back.
            raise
        raise CommitUnknown(_FATE_UNKNOWN, first_line(error)) from error
