"""Group commit: writes of requests that wait for SQLite's one writer at the same time share a transaction.

A commit costs as much as the write itself, and waits for the disk. Each write has a savepoint of its own, so one that
is refused or fails is rolled back alone. All responses are sent after the commit, and if that fails, all writes failed.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

from hourhook.errors import DatabaseUnavailable
from hourhook.store.executions import Execution, Executor, current_execution, report, request_work

MAX_WRITES = 16
# After so many writes the engine has its turn if it waits, so it has at least a third of them.
FAIR_WRITES = 2


class Group:
    """The writes of one transaction, in the thread that runs them."""

    def __init__(self, executions: list[Execution], limit_seconds: float) -> None:
        self.thread_id = threading.get_ident()
        self._waiting = deque(executions)
        self._called: list[Execution] = []
        self._limit_seconds = limit_seconds
        self._after_commit: list[tuple[Execution, Callable[[], None]]] = []

    @property
    def remaining(self) -> list[Execution]:
        """The writes that had no time, in order."""
        return [*self._waiting]

    def run(self, is_in_transaction: Callable[[], bool], is_engine_waiting: Callable[[], bool]) -> None:
        """Call the writes in turn for a limited processor time; only a few if the engine waits for its turn.

        Raises the exception with which the transaction ended early.
        """
        deadline = time.thread_time() + self._limit_seconds
        while self._waiting:
            if len(self._called) >= FAIR_WRITES and is_engine_waiting():
                return
            if self._called and time.thread_time() > deadline:
                return
            execution = self._waiting.popleft()
            if not execution.call():
                continue
            self._called.append(execution)
            if not is_in_transaction():
                assert execution.error is not None
                raise execution.error

    def when_committed(self, action: Callable[[], None]) -> None:
        """Call an action of the current write once the transaction is committed."""
        execution = current_execution()
        assert execution is not None
        self._after_commit.append((execution, action))

    def fail(self, error: BaseException) -> None:
        """Let all writes fail that were called, or all if none was, because the transaction was rolled back."""
        self._after_commit.clear()
        if not self._called:
            self._called = [execution for execution in self._waiting if execution.withdraw_in_thread(error)]
            self._waiting.clear()
        for execution in self._called:
            if execution.error is None:
                execution.fail(error)

    def finish(self) -> None:
        """Call the actions for after the commit, and report the results."""
        for execution, action in self._after_commit:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - raised again by the execution
                execution.fail(error)
        if self._called:
            report(self._called)


class GroupedWrites:
    """Runs executions, each of one write, as many in a transaction as wait when it is their turn."""

    def __init__(
        self,
        threads: Executor,
        turn: Callable[[], AbstractAsyncContextManager[None]],
        run_group: Callable[[list[Execution]], Group],
    ) -> None:
        self._threads = threads
        self._turn = turn
        self._run_group = run_group
        self._waiting: deque[Execution] = deque()
        self._task: asyncio.Task[None] | None = None

    def submit(self, execution: Execution) -> bool:
        """Run an execution with the next group; call it on the event loop. It waits for the turn of its group."""
        self._waiting.append(execution)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return False

    async def _run(self) -> None:
        # This task outlives the request that started it.
        request_work.set(None)
        while self._waiting:
            # If the turn does not come, the executions are withdrawn at the same time.
            with suppress(DatabaseUnavailable):
                async with self._turn():
                    await self._run_next()

    async def _run_next(self) -> None:
        group: list[Execution] = []
        while self._waiting and len(group) < MAX_WRITES:
            execution = self._waiting.popleft()
            if not execution.is_done:
                group.append(execution)
        if group:
            running = Execution(lambda: self._run_group(group))
            self._threads.submit(running)
            await running.done()
            self._waiting.extendleft(reversed(running.result().remaining))
