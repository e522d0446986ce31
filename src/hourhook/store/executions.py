"""Functions that run in a database's threads, and their interruption when the task that waits for one is cancelled.

A cancelled task must learn what became of its transaction. So a function is interrupted before its commit, which rolls
its transaction back, and never during the commit, whose result is then waited for.
"""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from hourhook.errors import DatabaseUnavailable

T = TypeVar("T")

_thread = threading.local()


class Execution:
    """One call of a function in a database's thread."""

    __slots__ = ("_connection", "_lock", "is_interrupted")

    def __init__(self) -> None:
        self.is_interrupted = False
        # The connection of its transaction, from its begin to just before its commit.
        self._connection: Any = None
        self._lock = threading.Lock()

    def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call the function in the current thread."""
        _thread.execution = self
        try:
            return function(*args, **kwargs)
        finally:
            _thread.execution = None

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
