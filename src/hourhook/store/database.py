"""The database interface, implemented for an SQLite file and for PostgreSQL.

Domain functions are plain functions whose first parameter is a ``Transaction``. A database runs them in threads, so
that they do not block the event loop. No transaction outlives its function.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Text, bindparam, cast, func, null, select

from hourhook.clock import Clock
from hourhook.errors import CommitUnknown, DatabaseUnavailable, NotFound
from hourhook.settings import DatabaseLimits
from hourhook.store.event_times import EventTimes
from hourhook.store.executions import Execution, Executor, Interruptible, Threads, request_work
from hourhook.store.health import HealthCheck
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import ListTotals, Transaction

# How long an interrupted function may take to end.
INTERRUPT_SECONDS = 0.5

P = ParamSpec("P")
T = TypeVar("T")

_LOCKED_ACCOUNT = select(accounts.c.last_position, accounts.c.last_event_at).where(
    accounts.c.id == bindparam("account_id")
)
LOCK_ACCOUNT = Statement(
    # BEGIN IMMEDIATE has locked the whole database already, and a failed commit is always rolled back.
    _LOCKED_ACCOUNT.add_columns(null().label("transaction_id")),
    # The row lock needs a transaction id anyway. With it, the fate of a lost commit can be found out.
    postgresql=_LOCKED_ACCOUNT.add_columns(
        cast(func.pg_current_xact_id(), Text).label("transaction_id")
    ).with_for_update(key_share=True),
)


class Turns(Protocol):
    """What writers wait for; ``asyncio.Semaphore`` is one."""

    def locked(self) -> bool: ...

    async def acquire(self) -> object: ...

    def release(self) -> None: ...


@dataclass(slots=True)
class Commit:
    """A commit to come, and what tells later whether it succeeded if its answer was lost."""

    transaction_id: str | None = None
    # Commits together with the statements that wait for it, if the database sends some with the commit.
    execute: Callable[[], None] | None = None


class Database(ABC):
    """A database with its threads and connections, released by ``close``."""

    dialect: str

    def __init__(self, clock: Clock, limits: DatabaseLimits | None = None) -> None:
        # The clock of this process.
        self.clock = clock
        # The clock by which transactions set and compare times; on PostgreSQL that of the server.
        self.shared_clock = clock
        self.event_times = EventTimes()
        self.limits = limits or DatabaseLimits()
        # Called in the writer's thread after a commit that made something due. A lost wake-up delays an event, but
        # loses none.
        self.wake: Callable[[], None] = _ignore
        # Called in the writer's thread with the account of each commit that locked one.
        self.after_write: list[Callable[[int], None]] = []
        # Called on the event loop with each account of which the worker of this process has stored attempts.
        self.after_attempts: list[Callable[[int], None]] = []
        self.list_totals: ListTotals = {}
        self._health = HealthCheck(lambda: self._probe())

    async def read(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only reads, on a consistent snapshot."""
        return await self._in_thread(self._read_threads, self.read_now, function, *args, **kwargs)

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
        async with self._turn(account_id):
            result: T = await self._in_thread(
                self._write_threads, self.write_now, account_id, function, *args, **kwargs
            )
        count_commit()
        return result

    async def run(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that changes data without locking an account: the engine's own work."""
        async with self._turn():
            result: T = await self._in_thread(self._run_threads, self.run_now, function, *args, **kwargs)
        count_commit()
        return result

    async def run_prepared(self, function: Callable[..., T], prepare: Callable[[], tuple[Any, ...]]) -> T:
        """Run like ``run``, with the arguments that ``prepare`` returns.

        It is called on the event loop once it is this writer's turn, so that it can take what has arrived meanwhile.
        """
        async with self._turn():
            result: T = await self._in_thread(self._run_threads, self.run_now, function, *prepare())
        count_commit()
        return result

    async def require_writable(self) -> None:
        """Raise ``DatabaseUnavailable`` if the database does not accept writes; never takes two seconds."""
        await self._health.require_writable()

    def read_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``read`` synchronously in the calling thread."""
        with self._read_transaction() as connection, Interruptible(connection):
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
        commit = Commit()
        with self._write_transaction(commit) as connection, Interruptible(connection):
            transaction = self._transaction(connection)
            account = transaction.one(LOCK_ACCOUNT, account_id=account_id)
            if account is None:
                raise NotFound
            commit.transaction_id = account.transaction_id
            transaction.account_id = account_id
            transaction.last_position = account.last_position
            # Read the clock only now: while this waited for the lock, another write may have advanced it.
            transaction.started_at = self.shared_clock.now()
            transaction.event_time = self.event_times.next(transaction.started_at, account.last_event_at)
            result = function(transaction, *args, **kwargs)
            transaction.prepare_commit()
            commit.execute = transaction.execute_commit
        self._when_committed(
            partial(self._finish_write, transaction, transaction.last_position - account.last_position)
        )
        return result

    def run_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``run`` synchronously in the calling thread."""
        with self._run_transaction() as connection, Interruptible(connection):
            transaction = self._transaction(connection)
            result = function(transaction, *args, **kwargs)
            transaction.flush()
        transaction.run_after_commit()
        return result

    def _finish_write(self, transaction: Transaction, events_count: int) -> None:
        if events_count:
            self.event_times.record(
                transaction.account_id, events_count, transaction.event_time, transaction.started_at
            )
        transaction.run_after_commit()
        for subscriber in self.after_write:
            subscriber(transaction.account_id)

    def _when_committed(self, action: Callable[[], None]) -> None:
        """Call an action once the write of the current thread is committed: now, unless writes are grouped."""
        action()

    @abstractmethod
    def close(self) -> None:
        """Close all connections and threads."""

    _read_threads: Threads
    _write_threads: Threads
    _run_threads: Threads

    @abstractmethod
    def _read_transaction(self) -> AbstractContextManager[Any]:
        """Open a read-only transaction; yields the driver's connection."""

    @abstractmethod
    def _write_transaction(self, commit: Commit) -> AbstractContextManager[Any]:
        """Open a transaction; yields the driver's connection, commits at the end and rolls back on an exception.

        Raises ``CommitUnknown`` if the connection broke during the commit and ``commit`` does not tell more.
        """

    @contextmanager
    def _run_transaction(self) -> Iterator[Any]:
        """Open a transaction for the engine's own work; by default as for a request."""
        with self._write_transaction(Commit()) as connection:
            yield connection

    @abstractmethod
    def _probe(self) -> None:
        """Write to the database, on a connection of its own; raises ``DatabaseUnavailable`` if that fails."""

    def _writer_turns(self, account_id: int) -> Turns | None:
        """Return what a writer waits for before it takes a thread; ``account_id`` is 0 if none is locked."""
        return None

    @abstractmethod
    def _interrupt_statement(self, connection: Any) -> None:
        """End the statement that runs on the connection with an error; called in another thread."""

    @abstractmethod
    def _break_connection(self, connection: Any) -> None:
        """End the statement even if the database does not respond; the connection is lost."""

    def _transaction(self, connection: Any) -> Transaction:
        return Transaction(connection, self.dialect, self.shared_clock.now(), self.wake, self.list_totals)

    def _turn(self, account_id: int = 0) -> "_Turn":
        return _Turn(self._writer_turns(account_id), self.limits.queue_seconds, self._too_busy)

    async def _in_thread(self, threads: Executor, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a function in a thread; raises ``DatabaseUnavailable`` if none becomes free in time."""
        request = request_work.get()
        if request is not None and request.is_cancelled:
            raise asyncio.CancelledError
        execution = Execution(partial(function, *args, **kwargs))
        timer = None
        if not threads.submit(execution):
            # Without effect once it runs: then the limits of its statements apply.
            timer = asyncio.get_running_loop().call_later(self.limits.queue_seconds, execution.withdraw, self._too_busy)
        try:
            await execution.done()
            result: T = execution.result()
            return result
        except asyncio.CancelledError:
            if request is not None:
                request.is_cancelled = True
            if execution.withdraw(asyncio.CancelledError):
                raise
            result = await self._interrupt(execution)
            if request is None:
                raise
            return result
        except DatabaseUnavailable:
            self._health.forget()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _interrupt(self, execution: Execution) -> Any:
        """Interrupt a function in a thread, and return its result if it was committed all the same.

        Raises ``CancelledError`` if it was rolled back, ``CommitUnknown`` if that cannot be found out, and its own
        exceptions.
        """
        for interrupt in (self._interrupt_statement, self._break_connection):
            await asyncio.to_thread(execution.interrupt, interrupt)
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERRUPT_SECONDS):
                    await execution.done()
            if execution.is_done:
                break
        else:
            raise CommitUnknown("the process is shutting down, and the database does not respond")
        try:
            return execution.result()
        except CommitUnknown:
            raise
        except DatabaseUnavailable:
            raise asyncio.CancelledError from None

    def _too_busy(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(f"too much other work waits for the database (for {self.limits.queue_seconds:g} s)")


class _Turn:
    """A context in which it is this writer's turn."""

    __slots__ = ("_limit_seconds", "_too_busy", "_turns")

    def __init__(self, turns: Turns | None, limit_seconds: float, too_busy: Callable[[], DatabaseUnavailable]) -> None:
        self._turns = turns
        self._limit_seconds = limit_seconds
        self._too_busy = too_busy

    async def __aenter__(self) -> None:
        if self._turns is None:
            return
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._limit_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise self._too_busy() from None

    async def __aexit__(self, *_: object) -> None:
        if self._turns is not None:
            self._turns.release()


def count_commit() -> None:
    """Count a commit of the request that the current task carries out."""
    request = request_work.get()
    if request is not None:
        request.commits_count += 1


def _ignore() -> None:
    """Ignore a wake-up: while nothing is subscribed, the next poll finds the work."""
