"""Connections to PostgreSQL: their parameters, how long each waits for an answer, and a pool of them.

Every connection of a process is opened here, so each sends UTF-8, notices a vanished server and has a time limit
(``docs/operating/postgresql.md#time-limits``).
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from os import dup
from typing import Any

import psycopg
from psycopg import waiting
from psycopg.conninfo import conninfo_to_dict

from hourhook.settings import DatabaseLimits
from hourhook.store.sqlstates import NoAnswer, translating_outages

# How often a connection that waits looks for an interruption, in seconds: the driver's own value.
_INTERVAL_SECONDS = 0.1
# TCP keepalives, so that a vanished machine is noticed within seconds: the server's by us, and ours by the server,
# which then ends its transactions and releases its locks.
KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_SET_KEEPALIVES = ", ".join(f"set_config('tcp_{name}', '{value}', false)" for name, value in KEEPALIVES.items())
# Each statement has an index for what it reads, and no request reads what other accounts have. With statistics from
# when a table was small, the planner would read all of it instead. And compiling a plan takes longer than executing it
# (``docs/operating/postgresql.md#query-plans``).
_SET_PLANNER = "set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)"

# One round trip sets and asks everything that a new connection needs; startup parameters would be refused by poolers.
_START_SESSION = (
    "SELECT CAST(pg_postmaster_start_time() AS TEXT), set_config('statement_timeout', %s, false), "
    f"{_SET_PLANNER}, {_SET_KEEPALIVES}"
)


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that waits for each answer for a limited time, and is closed if there is none."""

    # None waits for as long as it takes.
    answer_seconds: float | None = None
    # When its server was started, which tells whether a later connection leads to the same one.
    server_started_at = ""
    # See ``ConnectionPool``.
    clearings_count = 0

    def wait(self, gen: Any, interval: float = _INTERVAL_SECONDS, timeout: float | None = None) -> Any:
        """Wait for an answer. Raises ``NoAnswer`` if there is none in time."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except psycopg.errors._WaitTimeout:
            # The answer may still come, and would be taken for that of the next statement.
            self.pgconn.finish()
            raise NoAnswer(f"no answer within {self.answer_seconds:g} s") from None

    def interrupt(self) -> None:
        """End the connection from another thread; a thread that waits for an answer gets an error."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=dup(self.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)


class AsyncConnection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection for the event loop, with the same limit; it is closed if a task that waits on it is cancelled."""

    answer_seconds: float | None = None

    async def wait(
        self,
        gen: Any,
        interval: float = _INTERVAL_SECONDS,
        timeout: float | None = None,  # noqa: ASYNC109 - the driver's own signature
    ) -> Any:
        """Wait for an answer. Raises ``NoAnswer`` if there is none in time."""
        limit = self.answer_seconds if timeout is None else timeout
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval=interval, timeout=limit)
        except psycopg.errors._WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise NoAnswer(f"no answer within {limit:g} s") from None
        except asyncio.CancelledError:
            # The driver would ask the server to cancel the statement, and wait ten seconds if that does not answer.
            self.pgconn.finish()
            raise


def connection_parameters(url: str, limits: DatabaseLimits) -> dict[str, Any]:
    """Return the parameters of a connection; those of the URL take precedence over our time limits."""
    defaults = {
        "connect_timeout": max(2, round(limits.connect_seconds)),
        "keepalives": 1,
        **KEEPALIVES,
        "tcp_user_timeout": round(limits.connect_seconds * 2000),
    }
    # The URL comes last, because its parameters are added to these. A role or a database may have another encoding.
    return {**defaults, **conninfo_to_dict(url), "client_encoding": "UTF8"}


def connect(
    url: str, limits: DatabaseLimits, *, statement_seconds: float = 0, answer_seconds: float | None = None
) -> Connection:
    """Open a connection; the server ends statements after ``statement_seconds`` (0 for no limit).

    Raises ``DatabaseUnavailable``.
    """
    with translating_outages():
        connection = Connection.connect(
            **connection_parameters(url, limits), autocommit=True, prepare_threshold=2, application_name="hourhook"
        )
        connection.answer_seconds = limits.connect_seconds
        try:
            row = connection.execute(_START_SESSION, (str(round(statement_seconds * 1000)),)).fetchone()
        except BaseException:
            connection.close()
            raise
        assert row is not None
        connection.server_started_at = row[0]
        connection.answer_seconds = answer_seconds
        return connection


async def connect_async(url: str, limits: DatabaseLimits, application_name: str) -> AsyncConnection:
    """Open a connection for the event loop, which waits ``limits.connect_seconds`` for each answer.

    Raises ``DatabaseUnavailable``.
    """
    with translating_outages():
        connection = await AsyncConnection.connect(
            **connection_parameters(url, limits), autocommit=True, application_name=application_name
        )
        connection.answer_seconds = limits.connect_seconds
        try:
            await connection.execute(f"SELECT {_SET_KEEPALIVES}".encode())
        except BaseException:
            await connection.close()
            raise
        return connection


class ConnectionPool:
    """Idle connections, the last used first. It grows with the threads that use it, and drops what does not answer."""

    def __init__(self, open_connection: Callable[[], Any], begin_seconds: float) -> None:
        """``begin_seconds`` is how long a connection may take to begin a transaction."""
        self._open = open_connection
        self._begin_seconds = begin_seconds
        # Appending to a deque, and taking from it, is atomic; so are the same operations of a set.
        self._idle: deque[Any] = deque()
        self._busy: set[Any] = set()
        # How often the pool was cleared; a connection has the count of when it was opened.
        self._clearings_count = 0

    def begin(self, statement: str) -> Any:
        """Return a connection on which ``statement`` has begun a transaction; give it back afterwards.

        An idle connection may be dead, and its first statement finds out. If it does not answer, those that have been
        idle for longer lead nowhere either, so all are replaced.
        """
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open()
                connection.clearings_count = self._clearings_count
                self._begin(connection, statement)
                return connection
            try:
                self._begin(connection, statement)
                return connection
            except NoAnswer:
                self.clear()
            except psycopg.OperationalError:
                pass  # the server ended this connection while it was idle

    def give_back(self, connection: Any) -> None:
        """Keep a connection for the next transaction, unless it is closed or the pool was cleared meanwhile."""
        self._busy.discard(connection)
        if connection.clearings_count != self._clearings_count:
            connection.close()
        elif not connection.closed:
            self._idle.append(connection)

    def clear(self) -> None:
        """Close all idle connections now, and those in use when they are given back."""
        self._clearings_count += 1
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def interrupt(self) -> None:
        """End the connections in use, so that no thread waits for an answer any longer."""
        for connection in [*self._busy]:
            connection.interrupt()

    def _begin(self, connection: Any, statement: str) -> None:
        answer_seconds = connection.answer_seconds
        connection.answer_seconds = self._begin_seconds
        self._busy.add(connection)
        try:
            connection.execute(statement)
        except BaseException:
            self._busy.discard(connection)
            connection.close()
            raise
        connection.answer_seconds = answer_seconds
