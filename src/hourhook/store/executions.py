"""Functions that run in a database's threads, and their interruption when the task that waits for one is cancelled.

A cancelled task must learn what became of its transaction. So a function is interrupted before its commit, which rolls
its transaction back, and never during the commit, whose result is then waited for.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol

from hourhook.errors import DatabaseUnavailable

_thread = threading.local()


class Execution:
    """One call of a function in a database's thread, awaited by one task at a time."""

    __slots__ = (
        "_call",
        "_connection",
        "_error",
        "_is_taken",
        "_lock",
        "_outcome",
        "_result",
        "_waiter",
        "is_done",
        "is_interrupted",
        "loop",
    )

    def __init__(self, call: Callable[[], Any]) -> None:
        """Create it on the event loop on which it is awaited."""
        self.is_done = self.is_interrupted = False
        self._call = call
        self.loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        # The result and the error of the function that was called, until they are reported.
        self._outcome: tuple[Any, BaseException | None] = None, None
        # Whether a thread runs it, or it was withdrawn.
        self._is_taken = False
        # The connection of its transaction, from its begin to just before its commit.
        self._connection: Any = None
        self._lock = threading.Lock()

    # On the event loop

    async def done(self) -> None:
        """Wait until it has ended."""
        if not self.is_done:
            self._waiter = self.loop.create_future()
            await self._waiter

    def result(self) -> Any:
        """Return the function's result, or raise its exception."""
        if self._error is not None:
            raise self._error
        return self._result

    def withdraw(self, reason: Callable[[], BaseException]) -> bool:
        """End it with an exception, unless a thread has taken it; return whether it was withdrawn."""
        if not self._take():
            return False
        self._end(None, reason())
        return True

    def end(self) -> None:
        """Resume what waits for the result, once the function has been called."""
        self._end(*self._outcome)

    def _end(self, result: Any, error: BaseException | None) -> None:
        self.is_done, self._result, self._error = True, result, error
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # In other threads

    def run(self) -> None:
        """Call the function in the current thread, unless it was withdrawn, and report its result."""
        if self.call():
            report([self])

    def call(self) -> bool:
        """Call the function in the current thread; return False if it was withdrawn. Its result must be reported."""
        if not self._take():
            return False
        _thread.execution = self
        try:
            self._outcome = self._call(), None
        except BaseException as raised:  # noqa: BLE001 - raised again by ``result``
            self._outcome = None, raised
        _thread.execution = None
        return True

    @property
    def error(self) -> BaseException | None:
        """The exception of the function that was called, even if it is not reported yet."""
        return self._outcome[1]

    def withdraw_in_thread(self, error: BaseException) -> bool:
        """Let it fail with an exception, which must be reported, unless it was called or withdrawn already."""
        if not self._take():
            return False
        self.fail(error)
        return True

    def fail(self, error: BaseException) -> None:
        """Replace the result, which is not reported yet, by an exception."""
        self._outcome = None, error

    def attach(self, connection: Any) -> None:
        """Make a connection the one to interrupt. Raises ``DatabaseUnavailable`` if it is too late."""
        with self._lock:
            self.raise_if_interrupted()
            self._connection = connection

    def detach(self) -> None:
        """Interrupt the connection no more; waits for an interruption that is under way."""
        with self._lock:
            self._connection = None

    def interrupt(self, interrupt_connection: Callable[[Any], None]) -> None:
        """Let the function fail at its next statement, and end the current one with ``interrupt_connection``."""
        with self._lock:
            self.is_interrupted = True
            if self._connection is not None:
                interrupt_connection(self._connection)

    def raise_if_interrupted(self) -> None:
        if self.is_interrupted:
            raise DatabaseUnavailable("the process is shutting down")

    def _take(self) -> bool:
        with self._lock:
            is_free, self._is_taken = not self._is_taken, True
        return is_free


def report(executions: list[Execution]) -> None:
    """Resume what waits for these executions of one event loop, which have been called in the current thread."""
    # After the loop has closed, nothing awaits them.
    with suppress(RuntimeError):
        executions[0].loop.call_soon_threadsafe(_end_all, executions)


def _end_all(executions: list[Execution]) -> None:
    for execution in executions:
        execution.end()


class Executor(Protocol):
    """What runs executions."""

    def submit(self, execution: Execution) -> bool: ...


class Threads:
    """Up to ``limit`` threads, started as they are needed, that run executions in the order of their submission.

    A hand-over costs half of that of ``ThreadPoolExecutor``, which is most of what one delivery at a time costs.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._threads: list[threading.Thread] = []
        self._waiting: SimpleQueue[Execution | None] = SimpleQueue()
        # One element for each idle thread; appending and popping are atomic.
        self._idle: deque[None] = deque()

    def submit(self, execution: Execution) -> bool:
        """Run an execution as soon as a thread is free; call it on the event loop. Return whether one is free."""
        is_any_free = True
        if self._idle:
            self._idle.pop()
        elif len(self._threads) < self._limit:
            thread = threading.Thread(target=self._run, name=f"{self._name}_{len(self._threads)}", daemon=True)
            # Started first: another thread may close these meanwhile, and only a started one can be joined.
            thread.start()
            self._threads.append(thread)
        else:
            is_any_free = False
        self._waiting.put(execution)
        return is_any_free

    def close(self) -> None:
        """Wait for the submitted executions, and end the threads."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _run(self) -> None:
        while (execution := self._waiting.get()) is not None:
            execution.run()
            # Its result is not to live until the next one.
            del execution
            if self._waiting.empty():
                self._idle.append(None)


def current_execution() -> Execution | None:
    """Return the execution of the current thread; None outside a database's threads."""
    return getattr(_thread, "execution", None)


def is_interrupted() -> bool:
    """Return whether the execution of the current thread has been interrupted."""
    execution = current_execution()
    return execution is not None and execution.is_interrupted


class Interruptible:
    """A context in which the current execution may be interrupted; the commit comes after it.

    Raises ``DatabaseUnavailable`` at its end if it was interrupted, so that the transaction is rolled back.
    """

    __slots__ = ("_connection", "_execution")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._execution = current_execution()

    def __enter__(self) -> None:
        if self._execution is not None:
            self._execution.attach(self._connection)

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._execution is not None:
            self._execution.detach()
            if kind is None:
                self._execution.raise_if_interrupted()


@dataclass(slots=True)
class RequestWork:
    """The database work of one request, by which its caller is told the truth if the request is cut off.

    In the task of a request, a cancelled call returns the result of a transaction that was committed all the same, and
    later calls are cancelled.
    """

    commits_count: int = 0
    is_cancelled: bool = False


# The request that the current task carries out, or None for the engine's own work.
request_work: ContextVar[RequestWork | None] = ContextVar("request_work", default=None)
