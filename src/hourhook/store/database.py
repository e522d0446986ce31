"""The database interface, implemented for an SQLite file and for PostgreSQL.

Domain functions are plain functions whose first parameter is a ``Transaction``. A database runs them in threads, so
that they do not block the event loop. No transaction outlives its function.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import bindparam, select

from hourhook.clock import Clock
from hourhook.errors import NotFound
from hourhook.store.event_times import EventTimes
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import ListTotals, Transaction

P = ParamSpec("P")
T = TypeVar("T")

LOCK_ACCOUNT = Statement(
    # A row lock exists only on PostgreSQL; on SQLite, BEGIN IMMEDIATE has locked the whole database already.
    select(accounts.c.last_position, accounts.c.last_event_at)
    .where(accounts.c.id == bindparam("account_id"))
    .with_for_update(key_share=True)
)


class Database(ABC):
    """A database with its threads and connections, released by ``close``."""

    dialect: str

    def __init__(self, clock: Clock) -> None:
        # The clock of this process.
        self.clock = clock
        # The clock by which transactions set and compare times; on PostgreSQL that of the server.
        self.shared_clock = clock
        self.event_times = EventTimes()
        # Called in the writer's thread after a commit that made something due. A lost wake-up delays an event, but
        # loses none.
        self.wake: Callable[[], None] = _ignore
        # Called in the writer's thread with the account that a commit of this process has changed.
        self.after_write: Callable[[int], None] = _ignore_account
        self.list_totals: ListTotals = {}

    async def read(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads, on a consistent snapshot."""
        return await self._in_thread(self._read_executor, self.read_now, function, *args, **kwargs)

    async def write(
        self,
        account_id: int,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function that changes an account; the account's row is locked first.

        So positions and sequences have no gaps and become visible in order
        (``docs/decisions/0003-account-lock-first.md``).
        """
        async with self._writer_queue(account_id):
            return await self._in_thread(self._write_executor, self.write_now, account_id, function, *args, **kwargs)

    async def run(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that changes data without locking an account: the engine's own work."""
        async with self._writer_queue():
            return await self._in_thread(self._run_executor, self.run_now, function, *args, **kwargs)

    def read_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``read`` synchronously in the calling thread."""
        with self._read_transaction() as connection:
            transaction = self._transaction(connection)
            result = function(transaction, *args, **kwargs)
            # So that an error of a deferred statement is raised here, and not lost.
            transaction.flush()
            return result

    def write_now(
        self,
        account_id: int,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``write`` synchronously in the calling thread.

        Raises ``NotFound`` if the account does not exist.
        """
        with self._write_transaction() as connection:
            transaction = self._transaction(connection)
            account = transaction.one(LOCK_ACCOUNT, account_id=account_id)
            if account is None:
                raise NotFound
            transaction.account_id = account_id
            transaction.last_position = account.last_position
            # Read the clock only now: while this waited for the lock, another write may have advanced it.
            transaction.started_at = self.shared_clock.now()
            transaction.event_time = self.event_times.next(transaction.started_at, account.last_event_at)
            result = function(transaction, *args, **kwargs)
            transaction.flush()
        if events_count := transaction.last_position - account.last_position:
            self.event_times.record(account_id, events_count, transaction.event_time, transaction.started_at)
        transaction.run_after_commit()
        self.after_write(account_id)
        return result

    def run_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``run`` synchronously in the calling thread."""
        with self._write_transaction() as connection:
            transaction = self._transaction(connection)
            result = function(transaction, *args, **kwargs)
            transaction.flush()
        transaction.run_after_commit()
        return result

    @abstractmethod
    def close(self) -> None:
        """Close all connections and threads."""

    _read_executor: Executor
    _write_executor: Executor
    _run_executor: Executor

    @abstractmethod
    def _read_transaction(self) -> AbstractContextManager[Any]:
        """Open a read-only transaction; yields the driver's connection."""

    @abstractmethod
    def _write_transaction(self) -> AbstractContextManager[Any]:
        """Open a transaction; yields the driver's connection, commits at the end and rolls back on an exception."""

    def _writer_queue(self, account_id: int = 0) -> AbstractAsyncContextManager[Any]:
        """Return the queue that a writer waits in before it takes a thread; ``account_id`` is 0 if none is locked."""
        return nullcontext()

    def _transaction(self, connection: Any) -> Transaction:
        return Transaction(connection, self.dialect, self.shared_clock.now(), self.wake, self.list_totals)

    @staticmethod
    async def _in_thread(executor: Executor, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, lambda: function(*args, **kwargs))


def _ignore() -> None:
    """Ignore a wake-up: while nothing is subscribed, the next poll finds the work."""


def _ignore_account(account_id: int) -> None:
    """Ignore a change: no page follows it."""
