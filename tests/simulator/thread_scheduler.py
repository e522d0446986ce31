"""Transactions in threads of which one runs at a time, from one statement to the next.

So a seed decides how the statements of several transactions interleave. A statement that waits for a lock in the
database keeps nobody: the baton goes on to others until the lock is free.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.simulator.connections import Operation

# Longer than a statement takes; after it the server is asked whether the statement waits for a lock.
GRACE_SECONDS = 0.001
POLL_SECONDS = 0.0001

_threads = ThreadPoolExecutor(64, "fiber")
_local = threading.local()


class ProcessKilled(BaseException):
    """The process is dead: nothing that stands after this point in its program ever happens."""


class Fiber:
    """One transaction in a thread of its own, which runs only while ``step`` does.

    ``is_waiting`` tells whether a backend of the database waits for a lock.
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
        self._go, self._halted = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._halted.acquire()
        _threads.submit(self._run)

    def step(self) -> None:
        """Run up to the next statement, the end, or a lock that somebody else holds."""
        self._go.release()
        if not self._halted.acquire(timeout=GRACE_SECONDS):
            self._wait()

    def poll(self) -> None:
        """See whether a statement that waited for a lock has got it, and have it come to its end."""
        if self.is_blocked:
            self._wait()

    def abort(self, cancel: Callable[[int], None]) -> None:
        """End it where it stands, as the death of its process does; the database rolls it back."""
        self._is_aborted = True
        if self.is_blocked:
            cancel(self.backend)
            self._halted.acquire()
        while not self.is_done:
            self._go.release()
            self._halted.acquire()
        self.is_blocked = False

    def result(self) -> Any:
        """What the call returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value

    def park(self, backend: int) -> None:
        """Wait, in the fiber's own thread, until it may go on."""
        self.backend = backend
        self._halted.release()
        self._go.acquire()
        if self._is_aborted:
            raise ProcessKilled

    def _wait(self) -> None:
        while not self._halted.acquire(timeout=POLL_SECONDS):
            self.is_blocked = self._is_waiting(self.backend)
            if self.is_blocked:
                return
        self.is_blocked = False

    def _run(self) -> None:
        self._go.acquire()
        _local.fiber = self
        try:
            if self._is_aborted:
                raise ProcessKilled
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again by ``result``
            self._error = error
        _local.fiber = None
        self.is_done = True
        self._halted.release()


def current_fiber() -> Fiber | None:
    """The fiber whose thread this is, if it is one's."""
    return getattr(_local, "fiber", None)
