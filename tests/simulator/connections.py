"""The databases of the simulator: the production ones, on connections where each statement is a step of the run."""

import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from hourhook.clock import Clock
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlite import SqliteDatabase


@dataclass(frozen=True, slots=True)
class Operation:
    """What a transaction is for: the function that it runs, by name, with its arguments after the transaction."""

    name: str
    # 0 where no account is locked.
    account_id: int
    arguments: tuple[Any, ...]
    # Whether it may change anything.
    is_writing: bool


class StatementInterceptor(Protocol):
    """Who watches over the statements of a process: lets them in, counts them, has it die between two of them."""

    def before_statement(self, text: str, backend: int) -> None:
        """A statement is about to be carried out."""
        ...

    def after_statement(self, text: str) -> None:
        """A statement was carried out."""
        ...

    def run_transaction(self, operation: Operation, call: Callable[[], Any]) -> Awaitable[Any]:
        """Run a whole transaction."""
        ...


class Watched:
    """A driver's connection behind a gate."""

    def __init__(self, raw: Any, gate: StatementInterceptor, backend: int, give_back: Callable[[Any], None]) -> None:
        self._raw = raw
        self._gate = gate
        self._backend = backend
        self._give_back = give_back
        self._is_closed = False

    def execute(self, text: str, parameters: Any = ()) -> Any:
        self._gate.before_statement(text, self._backend)
        answer = self._raw.execute(text, parameters)
        self._gate.after_statement(text)
        return answer

    def pipeline(self) -> AbstractContextManager[object]:
        # What travels together is carried out one by one: each is a step of its own, and processes die between them.
        return nullcontext()

    def executemany(self, text: str, rows: Any) -> Any:
        self._gate.before_statement(text, self._backend)
        answer = self._raw.executemany(text, rows)
        self._gate.after_statement(text)
        return answer

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
        # Once: whoever takes it next has it for himself.
        if not self._is_closed:
            self._is_closed = True
            self._give_back(self._raw)


class SimulatedSqlite(SqliteDatabase):
    """SQLite, each transaction carried out at once, when its turn has come."""

    def __init__(self, path: Path, clock: Clock, gate: StatementInterceptor) -> None:
        self._gate = gate
        super().__init__(path, clock)

    def _connect(self) -> Any:
        return Watched(open_sqlite(self.path), self._gate, 0, lambda raw: raw.close())

    async def _in_thread(self, executor: Executor, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return await self._gate.run_transaction(_deed(function, args), lambda: function(*args, **kwargs))


class SimulatedPostgres(PostgresDatabase):
    """PostgreSQL, each transaction in a fiber of its own."""

    def __init__(
        self, clock: Clock, gate: StatementInterceptor, take: Callable[[], Any], give_back: Callable[[Any], None]
    ) -> None:
        self._gate = gate
        self._take = take
        self._give_back = give_back
        super().__init__("", clock)

    def connect(self, **options: Any) -> Any:
        raw = self._take()
        return Watched(raw, self._gate, raw.info.backend_pid, self._give_back)

    async def _in_thread(self, executor: Executor, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return await self._gate.run_transaction(_deed(function, args), lambda: function(*args, **kwargs))


def open_sqlite(path: Path) -> sqlite3.Connection:
    """Open a file that only a simulation depends on."""
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("PRAGMA foreign_keys = ON")
    return raw


def database_error(dialect: str) -> Exception:
    """What the driver raises when the database cannot go on."""
    if dialect == "postgresql":
        return psycopg.OperationalError("the simulated server closed the connection")
    error = sqlite3.OperationalError("the simulated disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def _deed(function: Callable[..., Any], args: tuple[Any, ...]) -> Operation:
    match function.__name__, args:
        case "write_now", (int(account_id), work, *rest):
            return Operation(work.__name__, account_id, tuple(rest), is_writing=True)
        case kind, (work, *rest):
            return Operation(work.__name__, 0, tuple(rest), is_writing=kind == "run_now")
    raise AssertionError(function)
