"""A simulated process: a database and a worker, and faults that can occur between any two statements."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from hourhook.backoff import RetrySchedule
from hourhook.crypto import Keyring
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.alerter import Alerter
from hourhook.delivery.worker.liveness import PAUSE_SECONDS, reap, supervise
from hourhook.delivery.worker.worker import Worker
from hourhook.domain.links import Links
from hourhook.domain.webhooks.alerts import Reporter
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from tests.simulator.connections import Operation, database_error
from tests.simulator.invariants import ALERT_AFTER_SECONDS, LONGEST_DELAY_SECONDS, WINDOW_SECONDS, Invariants
from tests.simulator.networks import Network
from tests.simulator.stores import PostgresStore, Store
from tests.simulator.thread_scheduler import Fiber, ProcessKilled, current_fiber
from tests.simulator.virtual_time import LocalClock, VirtualTime

LEASE_SECONDS = 60
SCHEDULE = RetrySchedule(base_seconds=1, cap_seconds=LONGEST_DELAY_SECONDS / 1.1, window_seconds=WINDOW_SECONDS)
POLL_SECONDS = 0.02
RETENTION_SECONDS = 3600


class World(Protocol):
    """The parts of a run that its processes share."""

    rng: random.Random
    loop: asyncio.AbstractEventLoop
    store: Store
    virtual_time: VirtualTime
    invariants: Invariants
    network: Network
    keyring: Keyring

    def on_wake_up(self, by: "Process") -> None:
        """Called after a commit of this process made something due."""
        ...

    def on_process_end(self, process: "Process") -> None:
        """Called once a process has ended."""
        ...

    def resume_unblocked(self) -> None:
        """Let blocked statements finish whose locks the last statement may have released."""
        ...


@dataclass(slots=True)
class Fault:
    """A failure of a process at one of its next statements: a kill, or an error of the database."""

    statements_left: int
    is_fatal: bool
    # Whether it occurs before the statement is executed, and not after.
    is_before: bool


class Process:
    """One ``serve`` process with its worker, from its start to its end."""

    def __init__(self, world: World, name: str, clock_offset_seconds: float) -> None:
        self.name = name
        self.is_dead = False
        self.fault_plan: Fault | None = None
        self._world = world
        self._tasks: set[asyncio.Task[Any]] = set()
        self._fibers: set[Fiber] = set()
        self._operation: Operation | None = None
        # The current worker's id, and the function that releases its liveness lock.
        self._liveness_lock: tuple[int, Callable[[], None]] | None = None
        self._worker_task: asyncio.Task[None] | None = None
        self._worker_ids: list[int] = []
        self.clock = LocalClock(world.virtual_time, clock_offset_seconds)
        self.database = world.store.open(self.clock, world.virtual_time, self)
        self.database.wake = partial(world.on_wake_up, self)
        reporter = Reporter(Links("https://time.example"), None, RETENTION_SECONDS)
        self.alerter = Alerter(self.database, reporter.report_due, after_seconds=ALERT_AFTER_SECONDS)
        self.worker = Worker(
            self.database,
            self,
            world.keyring,
            SCHEDULE,
            lease_seconds=LEASE_SECONDS,
            observer=self,
            rng=random.Random(world.rng.getrandbits(32)),
            disable_gone=reporter.disable_gone,
            on_alert=self.alerter.wake,
        )

    def start(self) -> None:
        self.spawn(self.alerter.run())
        if self.database.dialect == "sqlite":
            self._supervisor = self.spawn(self._run_single_worker())
        else:
            self._supervisor = self.spawn(self._run_worker_with_lock())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a task in this process, which is cancelled when the process ends."""
        task = self._create_task(work)
        task.add_done_callback(self._on_task_done)
        return task

    def kill(self) -> None:
        """End immediately, as with ``kill -9``."""
        if self.is_dead:
            return
        self.is_dead = True
        invariants = self._world.invariants
        invariants.trace(f"{self.name} ends")
        invariants.counts["process_ends"] += 1
        for fiber in self._fibers:
            fiber.abort(self._world.store.cancel)
        for worker in {self.worker.id, *self._worker_ids}:
            invariants.mark_worker_dead(worker)
        self._release_liveness_lock()
        for task in self._tasks:
            task.cancel()
        self._world.on_process_end(self)

    async def stop(self) -> None:
        """Shut down gracefully."""
        self._world.invariants.trace(f"{self.name} is stopped")
        self.worker.stop()
        self.alerter.stop()
        await asyncio.wait([self._supervisor])
        self.kill()

    def close(self) -> None:
        """Release the connections, once no task of the process runs."""
        self.database.close()

    def lose_liveness_lock(self, detected_after_seconds: float) -> None:
        """Break the connection that holds the worker's liveness lock; the worker detects it later."""
        if self._liveness_lock is not None and self._worker_task is not None:
            self._world.invariants.trace(f"{self.name} loses its liveness lock")
            self._world.invariants.mark_worker_dead(self._liveness_lock[0])
            self._release_liveness_lock()
            self._world.loop.call_later(detected_after_seconds, self._worker_task.cancel)

    # The worker

    async def _run_single_worker(self) -> None:
        while not self.worker.is_stopping:
            try:
                await supervise(self.database, self.worker, self._world.rng)
            except DatabaseUnavailable:
                # It failed before the worker started: a real process ends here, and its service manager restarts it.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _run_worker_with_lock(self) -> None:
        # As ``liveness.supervise`` does on PostgreSQL, with a lock that the simulation can break.
        store = self._world.store
        assert isinstance(store, PostgresStore)
        while not self.worker.is_stopping:
            id = self._world.rng.getrandbits(62) + 1
            self._liveness_lock = id, partial(store.release_liveness_lock, store.acquire_liveness_lock(id))
            self._worker_ids.append(id)
            self._worker_task = self.spawn(self._run_worker(id))
            await asyncio.wait([self._worker_task])
            self._world.invariants.mark_worker_dead(id)
            self._release_liveness_lock()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _run_worker(self, id: int) -> None:
        try:
            await self.worker.run(id, partial(reap, self.database))
        except CommitUnknown:
            self._world.invariants.trace(f"{self.name} does not know whether its transaction was committed")

    def _release_liveness_lock(self) -> None:
        if self._liveness_lock is not None:
            _, release = self._liveness_lock
            release()
            self._liveness_lock = None

    def _create_task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._world.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_task_done(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.is_dead:
            self._world.invariants.fail(f"{self.name} failed: {error!r}")

    # The transport and the observer of the worker

    async def send(
        self, uri: str, headers: list[tuple[str, str]], body: bytes, /, *, timeout_seconds: float | None = None
    ) -> Outcome:
        if self.is_dead:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None
        is_one_off = "one_off" in task.get_coro().__qualname__  # type: ignore[union-attr]
        invariants = self._world.invariants
        attempt = invariants.on_send(self.worker.id, uri, dict(headers), body, is_one_off=is_one_off)
        outcome = await self._world.network.transmit(attempt, self.clock)
        invariants.on_response(attempt, outcome)
        return outcome

    def attempt_finished(
        self,
        key: tuple[int, int],
        payload_id: str,
        type: str,
        number: int,
        outcome: Outcome,
        payloads_count: int = 1,
        /,
    ) -> None:
        pass

    # The interceptor of its statements

    async def run_transaction(self, operation: Operation, call: Callable[[], Any]) -> Any:
        if self.is_dead:
            raise asyncio.CancelledError
        if self.database.dialect == "sqlite":
            work = self._create_task(self._run_in_one_step(operation, call))
        else:
            work = self._create_task(self._run_in_steps(operation, call))
        work.add_done_callback(_retrieve_exception)
        # A task that waits for a thread can be cancelled; the thread continues.
        return await asyncio.shield(work)

    def before_statement(self, text: str, backend: int) -> None:
        if text.startswith(("ROLLBACK", "PRAGMA")):
            return
        if self.is_dead:
            raise ProcessKilled
        fiber = current_fiber()
        if fiber is not None and fiber.operation.is_writing and not text.startswith("BEGIN"):
            # Only writing transactions interleave: a reading one sees a single snapshot anyway.
            fiber.park(backend)
        if self.fault_plan is not None:
            self.fault_plan.statements_left -= 1
            self._inject_fault(text, is_before=True)

    def after_statement(self, text: str) -> None:
        if text == "COMMIT":
            fiber = current_fiber()
            operation = self._operation if fiber is None else fiber.operation
            assert operation is not None
            if operation.is_writing:
                self._world.invariants.on_commit(operation)
        if self.fault_plan is not None and not text.startswith(("ROLLBACK", "PRAGMA")):
            self._inject_fault(text, is_before=False)

    def _inject_fault(self, text: str, *, is_before: bool) -> None:
        fault_plan = self.fault_plan
        if fault_plan is None or fault_plan.statements_left > 0 or fault_plan.is_before != is_before:
            return
        self.fault_plan = None
        kind = "kill" if fault_plan.is_fatal else "database error"
        when = "before" if is_before else "after"
        self._world.invariants.trace(f"{self.name}: {kind} {when} {text[:60]!r}")
        if fault_plan.is_fatal:
            raise ProcessKilled
        self._world.invariants.counts["faults"] += 1
        raise database_error(self.database.dialect)

    def resume_unblocked(self) -> None:
        """Let statements finish that waited for a lock and now hold it."""
        for fiber in self._fibers:
            if fiber.is_blocked:
                fiber.poll()

    async def _run_in_one_step(self, operation: Operation, call: Callable[[], Any]) -> Any:
        await self._pause()
        self._operation = operation
        try:
            result = call()
        except ProcessKilled:
            self.kill()
            raise asyncio.CancelledError from None
        await self._pause()
        return result

    async def _run_in_steps(self, operation: Operation, call: Callable[[], Any]) -> Any:
        fiber = Fiber(call, operation, self._world.store.is_waiting)
        self._fibers.add(fiber)
        try:
            while not fiber.is_done:
                await self._pause()
                fiber.step()
                self._world.resume_unblocked()
                while fiber.is_blocked:
                    await asyncio.sleep(POLL_SECONDS)
                    fiber.poll()
            result = fiber.result()
        except ProcessKilled:
            self.kill()
            raise asyncio.CancelledError from None
        finally:
            self._fibers.discard(fiber)
        await self._pause()
        return result

    async def _pause(self) -> None:
        rng = self._world.rng
        await asyncio.sleep(rng.choice((0, 0, 0.0005, 0.002, 0.02)) * rng.random())


def _retrieve_exception(task: asyncio.Task[Any]) -> None:
    # Otherwise asyncio logs the exception if the waiting task was cancelled before.
    if not task.cancelled():
        task.exception()
