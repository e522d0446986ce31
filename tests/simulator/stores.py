"""The stores of simulated runs: databases that are emptied for each seed, and that the invariants read directly."""

import shutil
from abc import ABC, abstractmethod
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from hourhook.clock import Clock
from hourhook.store.database import Database
from hourhook.store.schema import TABLES_WITH_IDS, metadata
from hourhook.store.upgrades import migrate
from tests.simulator.connections import SimulatedPostgres, SimulatedSqlite, StatementInterceptor, open_sqlite
from tests.support.databases import PostgresServer, postgres_server
from tests.support.leftovers import temporary_folder

SHARED_MEMORY = Path("/dev/shm")


class Store(ABC):
    """One database, used for one seed after another."""

    dialect: str

    @abstractmethod
    def clear(self) -> None:
        """Delete all data, so that the database is as after the migration."""

    @abstractmethod
    def open(self, clock: Clock, server_clock: Clock, interceptor: StatementInterceptor) -> Database:
        """Open the database for a process, given the clocks of its machine and of the database server."""

    @abstractmethod
    def rows(self, text: str, *parameters: Any) -> list[Any]:
        """Return the rows of a query, with ``?`` for its parameters; each row's columns are attributes."""

    def is_waiting(self, backend: int) -> bool:
        """Return whether a backend waits for a lock that another one holds."""
        return False

    def cancel(self, backend: int) -> None:  # noqa: B027 - not needed where no backend waits
        """Cancel the statement of a waiting backend."""


class SqliteStore(Store):
    """A database in a file."""

    dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "simulated.db"
        migrate(f"sqlite:///{self._path}")
        self._raw = open_sqlite(self._path)
        self._raw.execute("PRAGMA journal_mode = WAL")

    def clear(self) -> None:
        for table in reversed(metadata.sorted_tables):
            self._raw.execute(f"DELETE FROM {table.name}")
        self._raw.execute("UPDATE ids SET last_id = 0")

    def open(self, clock: Clock, server_clock: Clock, interceptor: StatementInterceptor) -> Database:
        return SimulatedSqlite(self._path, clock, interceptor)

    def rows(self, text: str, *parameters: Any) -> list[Any]:
        cursor = self._raw.execute(text, parameters)
        return [*map(_row_of(tuple(column[0] for column in cursor.description))._make, cursor)]

    def close(self) -> None:
        self._raw.close()


class PostgresStore(Store):
    """A database on a server; connections are reused across runs."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: list[psycopg.Connection[Any]] = []
        self._reader, self._monitor = self._acquire(), self._acquire()

    def clear(self) -> None:
        # Not TRUNCATE, which takes longer than a whole run.
        for table in reversed(metadata.sorted_tables):
            self._reader.execute(f"DELETE FROM {table.name}".encode())
        for table in TABLES_WITH_IDS:
            self._reader.execute("SELECT setval(%s::regclass, 1, false)", (f"{table.name}_ids",))

    def vacuum(self) -> None:
        """Reclaim the space of deleted rows."""
        self._reader.execute("VACUUM")

    def open(self, clock: Clock, server_clock: Clock, interceptor: StatementInterceptor) -> Database:
        return SimulatedPostgres(clock, server_clock, interceptor, self._acquire, self._release)

    def rows(self, text: str, *parameters: Any) -> list[Any]:
        cursor = self._reader.execute(text.replace("?", "%s").encode(), parameters)
        assert cursor.description is not None
        return [*map(_row_of(tuple(column.name for column in cursor.description))._make, cursor)]

    def is_waiting(self, backend: int) -> bool:
        row = self._monitor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (backend,)).fetchone()
        return bool(row and row[0])

    def cancel(self, backend: int) -> None:
        self._monitor.execute("SELECT pg_cancel_backend(%s)", (backend,))

    def acquire_liveness_lock(self, worker: int) -> Any:
        """Acquire the liveness lock of a worker; return the lock, for ``release_liveness_lock``."""
        connection = self._acquire()
        connection.execute("SELECT pg_advisory_lock(%s)", (worker,))
        return connection

    def release_liveness_lock(self, lock: Any) -> None:
        lock.execute("SELECT pg_advisory_unlock_all()")
        self._free.append(lock)

    def close(self) -> None:
        for connection in (*self._free, self._reader, self._monitor):
            connection.close()

    def _release(self, connection: psycopg.Connection[Any]) -> None:
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.execute("ROLLBACK")
        self._free.append(connection)

    def _acquire(self) -> psycopg.Connection[Any]:
        if self._free:
            return self._free.pop()
        return psycopg.connect(self._url, autocommit=True, prepare_threshold=2, options="-c deadlock_timeout=50ms")


@contextmanager
def sqlite_store() -> Iterator[SqliteStore]:
    """Open a store in a file, in shared memory if the machine has it."""
    folder = temporary_folder("simulator-", SHARED_MEMORY if SHARED_MEMORY.is_dir() else None)
    try:
        store = SqliteStore(folder)
        yield store
        store.close()
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgres_store(server: PostgresServer) -> Iterator[PostgresStore]:
    """Open a store in a new database of a server."""
    with server.fresh(Path()) as url:
        store = PostgresStore(url)
        yield store
        store.close()


@contextmanager
def open_store(dialect: str) -> Iterator[Store]:
    """Open a store for a dialect, on its own server for PostgreSQL."""
    if dialect == "sqlite":
        with sqlite_store() as sqlite:
            yield sqlite
    else:
        with postgres_server() as server, postgres_store(server) as postgres:
            yield postgres


@cache
def _row_of(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)
