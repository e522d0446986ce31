"""A deterministic scheduler: each transaction has its own thread, and one runs at a time, up to its next statement.

So a seed decides how the statements of several transactions interleave. While a statement waits for a lock in the
database, other transactions run, until the lock is free.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.simulator.connections import Operation

# Longer than a statement takes; after that the server is asked whether the statement waits for a lock.
GRACE_SECONDS = 0.001
POLL_SECONDS = 0.0001

_threads = ThreadPoolExecutor(64, "fiber")
_local = threading.local()


class ProcessKilled(BaseException):
    """The process was killed: no code after this point runs."""


class Fiber:
    """One transaction in its own thread, which runs only during ``step``.

    ``is_waiting`` returns whether a backend of the database waits for a lock.
    """

    def __init__(self, call: Callable[[], Any], operation: Operation, is_waiting: Callable[[int], bool]) -> None:
        self.operation = operation
        self.is_done = False
        self.is_blocked = False
        self.backend = 0
        self._call = call
        self._is_waiting = is_waiting
        self._is_aborted = False
        self._error: BaseException | None = None
        self._value: Any = None
        self._resume, self._paused = threading.Lock(), threading.Lock()
        self._resume.acquire()
        self._paused.acquire()
        _threads.submit(self._run)

    def step(self) -> None:
        """Run up to the next statement, the end, or a lock that another transaction holds."""
        self._resume.release()
        if not self._paused.acquire(timeout=GRACE_SECONDS):
            self._wait()

    def poll(self) -> None:
        """Check whether a blocked statement has acquired its lock; if so, let it finish."""
        if self.is_blocked:
            self._wait()

    def abort(self, cancel: Callable[[int], None]) -> None:
        """Abort at the current statement, as the kill of its process does; the database rolls back."""
        self._is_aborted = True
        if self.is_blocked:
            cancel(self.backend)
            self._paused.acquire()
        while not self.is_done:
            self._resume.release()
            self._paused.acquire()
        self.is_blocked = False

    def result(self) -> Any:
        """Return the result of the call, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._value

    def park(self, backend: int) -> None:
        """Pause until the next ``step``; called in the fiber's own thread. Raises ``ProcessKilled`` after ``abort``."""
        self.backend = backend
        self._paused.release()
        self._resume.acquire()
        if self._is_aborted:
            raise ProcessKilled

    def _wait(self) -> None:
        while not self._paused.acquire(timeout=POLL_SECONDS):
            self.is_blocked = self._is_waiting(self.backend)
            if self.is_blocked:
                return
        self.is_blocked = False

    def _run(self) -> None:
        self._resume.acquire()
        _local.fiber = self
        try:
            if self._is_aborted:
                raise ProcessKilled
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again by ``result``
            self._error = error
        _local.fiber = None
        self.is_done = True
        self._paused.release()


def current_fiber() -> Fiber | None:
    """Return the fiber that runs in this thread, if any."""
    return getattr(_local, "fiber", None)
