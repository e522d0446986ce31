"""One database behind one URL: SQLite in a file, or PostgreSQL.

Rules of the house are plain functions whose first parameter is a ``Transaction``; a database runs them in threads, so
that the event loop is never held up. No transaction outlives its function.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import bindparam, select

from hourhook.clock import Clock, truncate_to_second
from hourhook.errors import NotFound
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

LOCK_ACCOUNT = Statement(
    # Only PostgreSQL has a word for the row lock; SQLite's BEGIN IMMEDIATE has locked everything already.
    select(accounts.c.last_position, accounts.c.last_event_at)
    .where(accounts.c.id == bindparam("account_id"))
    .with_for_update(key_share=True)
)


class Database(ABC):
    """Where everything is kept. Closed by ``close``."""

    dialect: str

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        # Called, in the writer's thread, after a commit that made something due. A hint: losing one loses no event.
        self.wake: Callable[[], None] = _ignore

    async def read(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that only asks, on one consistent picture of the database."""
        return await self._in_thread(self._read_executor, self.read_now, function, *args, **kwargs)

    async def write(
        self,
        account_id: int,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a function that changes an account, whose row is locked before anything else is decided.

        So positions and sequences are gap-free and become visible in order (design §2).
        """
        async with self._writer_queue(account_id):
            return await self._in_thread(self._write_executor, self.write_now, account_id, function, *args, **kwargs)

    async def run(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function that changes what belongs to no account's lock: the engine's own work."""
        async with self._writer_queue():
            return await self._in_thread(self._run_executor, self.run_now, function, *args, **kwargs)

    def read_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``read``, here and now in the calling thread."""
        with self._read_transaction() as connection:
            transaction = self._transaction(connection)
            result = function(transaction, *args, **kwargs)
            # So that what was put is refused here, and not forgotten.
            transaction.flush()
            return result

    def write_now(
        self,
        account_id: int,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """``write``, here and now in the calling thread.

        Raises ``NotFound`` when there is no such account.
        """
        with self._write_transaction() as connection:
            transaction = self._transaction(connection)
            account = transaction.one(LOCK_ACCOUNT, account_id=account_id)
            if account is None:
                raise NotFound
            transaction.account_id = account_id
            transaction.last_position = account.last_position
            # Read the clock only now: while this waited for the lock, another write may have moved on.
            transaction.started_at = self.clock.now()
            transaction.event_time = max(truncate_to_second(transaction.started_at), account.last_event_at)
            result = function(transaction, *args, **kwargs)
            transaction.flush()
        transaction.run_after_commit()
        return result

    def run_now(self, function: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``run``, here and now in the calling thread."""
        with self._write_transaction() as connection:
            transaction = self._transaction(connection)
            result = function(transaction, *args, **kwargs)
            transaction.flush()
        transaction.run_after_commit()
        return result

    @abstractmethod
    def close(self) -> None:
        """Give up every connection and thread."""

    _read_executor: Executor
    _write_executor: Executor
    _run_executor: Executor

    @abstractmethod
    def _read_transaction(self) -> AbstractContextManager[Any]:
        """A driver's connection inside a transaction that only reads."""

    @abstractmethod
    def _write_transaction(self) -> AbstractContextManager[Any]:
        """A driver's connection inside a transaction; commits in the end, rolls back on an exception."""

    def _writer_queue(self, account_id: int = 0) -> AbstractAsyncContextManager[Any]:
        """What an asynchronous writer waits for before it takes a thread; ``account_id`` is 0 where none is locked."""
        return nullcontext()

    def _transaction(self, connection: Any) -> Transaction:
        return Transaction(connection, self.dialect, self.clock.now(), self.wake)

    @staticmethod
    async def _in_thread(executor: Executor, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, lambda: function(*args, **kwargs))


def _ignore() -> None:
    """What is signalled while nobody listens: the next poll finds it."""
