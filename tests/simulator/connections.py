"""The databases of the simulator: those of production, on connections that intercept each statement."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from hourhook.clock import Clock
from hourhook.store.executions import Executor
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlite import SqliteDatabase


@dataclass(frozen=True, slots=True)
class Operation:
    """The function that a transaction runs, by its name, and its arguments after the transaction."""

    name: str
    # 0 if no account is locked.
    account_id: int
    arguments: tuple[Any, ...]
    # Whether it may change data.
    is_writing: bool


class StatementInterceptor(Protocol):
    """Control the statements of a process: schedule them, and inject faults before or after them."""

    def before_statement(self, text: str, backend: int) -> None:
        """Called before a statement is executed; may raise an error in its place."""
        ...

    def after_statement(self, text: str) -> None:
        """Called after a statement was executed; may raise an error although it was."""
        ...

    def run_transaction(self, operation: Operation, call: Callable[[], Any]) -> Awaitable[Any]:
        """Run a whole transaction."""
        ...


class InterceptedConnection:
    """A driver's connection whose statements pass through an interceptor."""

    def __init__(
        self, raw: Any, interceptor: StatementInterceptor, backend: int, release: Callable[[Any], None]
    ) -> None:
        self._raw = raw
        self._interceptor = interceptor
        self._backend = backend
        self._release = release
        self._is_closed = False
        # Of no effect here: the time limit of an answer, and the start of a server that is always the same.
        self.answer_seconds: float | None = None
        self.server_started_at = ""

    def execute(self, text: str, parameters: Any = ()) -> Any:
        self._interceptor.before_statement(text, self._backend)
        result = self._raw.execute(text, parameters)
        self._interceptor.after_statement(text)
        return result

    def pipeline(self) -> AbstractContextManager[object]:
        # Pipelined statements are executed one by one: each is a separate step, so that faults can occur between them.
        return nullcontext()

    def executemany(self, text: str, rows: Any) -> Any:
        self._interceptor.before_statement(text, self._backend)
        result = self._raw.executemany(text, rows)
        self._interceptor.after_statement(text)
        return result

    @property
    def in_transaction(self) -> bool:
        return bool(self._raw.in_transaction)

    @property
    def closed(self) -> bool:
        return self._is_closed or bool(self._raw.closed)

    @property
    def broken(self) -> bool:
        return bool(self._raw.broken)

    def close(self) -> None:
        # Released once only, because another process may use the connection afterwards.
        if not self._is_closed:
            self._is_closed = True
            self._release(self._raw)


class SimulatedSqlite(SqliteDatabase):
    """SQLite; each transaction runs as one step."""

    def __init__(self, path: Path, clock: Clock, interceptor: StatementInterceptor) -> None:
        self._interceptor = interceptor
        super().__init__(path, clock)

    def _connect(self) -> Any:
        return InterceptedConnection(open_sqlite(self.path), self._interceptor, 0, lambda raw: raw.close())

    async def _in_thread(self, threads: Executor, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self._interceptor.run_transaction(_operation_of(function, args), lambda: function(*args, **kwargs))


class SimulatedPostgres(PostgresDatabase):
    """PostgreSQL; each transaction runs in its own fiber, one statement per step."""

    def __init__(
        self,
        clock: Clock,
        server_clock: Clock,
        interceptor: StatementInterceptor,
        acquire: Callable[[], Any],
        release: Callable[[Any], None],
    ) -> None:
        self._interceptor = interceptor
        self._acquire = acquire
        self._release = release
        super().__init__("", clock)
        self.shared_clock = server_clock

    def connect(self, **options: Any) -> Any:
        raw = self._acquire()
        return InterceptedConnection(raw, self._interceptor, raw.info.backend_pid, self._release)

    async def _in_thread(self, threads: Executor, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self._interceptor.run_transaction(_operation_of(function, args), lambda: function(*args, **kwargs))


def open_sqlite(path: Path) -> sqlite3.Connection:
    """Open a database file without durability, since it does not outlive the simulation."""
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("PRAGMA foreign_keys = ON")
    return raw


def database_error(dialect: str) -> Exception:
    """Return the driver's error for a database that became unavailable."""
    if dialect == "postgresql":
        return psycopg.OperationalError("the simulated server closed the connection")
    error = sqlite3.OperationalError("the simulated disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _operation_of(function: Callable[..., Any], args: tuple[Any, ...]) -> Operation:
    match function.__name__, args:
        case "write_now", (int(account_id), work, *rest):
            return Operation(work.__name__, account_id, tuple(rest), is_writing=True)
        case method, (work, *rest):
            return Operation(work.__name__, 0, tuple(rest), is_writing=method == "run_now")
    raise AssertionError(function)
