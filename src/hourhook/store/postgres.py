"""PostgreSQL: shared by any number of ``serve`` and ``worker`` processes on any number of machines."""

import asyncio
import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import Any
from weakref import WeakValueDictionary

import psycopg

from hourhook.clock import Clock, SystemClock
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.server_clock import ServerClock

THREADS = 8
# Threads per account: one writes, and one waits for the lock, to continue at once. Other writers of the account queue
# without a thread, so that writers of other accounts always find one, however long a write takes.
WRITERS_PER_ACCOUNT = 2
Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresDatabase(Database):
    """A PostgreSQL database with a small connection pool: one connection per busy thread."""

    dialect = "postgresql"

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        """Open a database; a given ``clock``, as in tests, replaces the server's as well as that of this process."""
        super().__init__(clock or SystemClock())
        self.url = url
        self._server_clock = ServerClock(self.clock) if clock is None else None
        if self._server_clock is not None:
            self.shared_clock = self._server_clock
        # Separate pools: writers waiting for an account's lock must not block readers or the engine.
        self._read_executor = ThreadPoolExecutor(THREADS, "postgres-reader")
        self._write_executor = ThreadPoolExecutor(THREADS, "postgres-writer")
        self._run_executor = ThreadPoolExecutor(2, "postgres-runner")
        self._queues: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()
        # Fails at startup if the server cannot be reached at all.
        self._idle.put(self.connect())

    def connect(self, **options: Any) -> Connection:
        """Open a connection outside the pool; the caller closes it."""
        with _translate_errors():
            return psycopg.connect(
                self.url, autocommit=True, prepare_threshold=2, application_name="hourhook", **options
            )

    def close(self) -> None:
        for executor in (self._read_executor, self._write_executor, self._run_executor):
            executor.shutdown()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _writer_queue(self, account_id: int = 0) -> AbstractAsyncContextManager[Any]:
        if not account_id:
            return nullcontext()
        # A weak reference: a queue exists while writers hold it.
        return self._queues.setdefault(account_id, asyncio.Semaphore(WRITERS_PER_ACCOUNT))

    @contextmanager
    def _write_transaction(self) -> Iterator[Connection]:
        with self._begin("BEGIN ISOLATION LEVEL READ COMMITTED") as connection:
            yield connection

    @contextmanager
    def _read_transaction(self) -> Iterator[Connection]:
        with self._begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    @contextmanager
    def _begin(self, begin: str) -> Iterator[Connection]:
        with _translate_errors():
            connection = self._check_out(begin)
            try:
                if self._server_clock is not None:
                    self._server_clock.synchronize(connection)
                yield connection
                _commit(connection)
            except psycopg.Error:
                # After an error the driver's view of a connection may be wrong, above all of which statements are
                # prepared: those pipelined with the failed one never reached the server.
                connection.close()
                raise
            except BaseException:
                if not connection.closed and not connection.broken:
                    connection.execute("ROLLBACK")
                raise
            finally:
                if not connection.closed:
                    self._idle.put(connection)

    def _check_out(self, begin: str) -> Connection:
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = self.connect()
                connection.execute(begin)
                return connection
            try:
                connection.execute(begin)
                return connection
            except psycopg.OperationalError:
                # The server went away while this connection was idle: try the next one, and finally a new one.
                connection.close()


def _commit(connection: Connection) -> None:
    try:
        connection.execute("COMMIT")
    except psycopg.OperationalError as error:
        raise CommitUnknown(f"the connection to PostgreSQL broke during a commit: {_first_line(error)}") from error


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(f"cannot use PostgreSQL: {_first_line(error)}") from error


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else repr(error)
