"""A process of the simulated world: a database, a worker, and a death that may come between any two statements."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from hourhook.backoff import RetrySchedule
from hourhook.crypto import Keyring
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.liveness import PAUSE_SECONDS, reap, supervise
from hourhook.delivery.worker.worker import Worker
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from tests.simulator.connections import Operation, database_error
from tests.simulator.invariants import Invariants
from tests.simulator.networks import Network
from tests.simulator.stores import PostgresStore, Store
from tests.simulator.thread_scheduler import Fiber, ProcessKilled, current_fiber
from tests.simulator.virtual_time import LocalClock, VirtualTime

LEASE_SECONDS = 60
SCHEDULE = RetrySchedule(base_seconds=1, cap_seconds=12, window_seconds=40)
POLL_SECONDS = 0.02


class World(Protocol):
    """What a process finds around it."""

    rng: random.Random
    loop: asyncio.AbstractEventLoop
    store: Store
    virtual_time: VirtualTime
    invariants: Invariants
    network: Network
    keyring: Keyring

    def on_wake_up(self, by: "Process") -> None:
        """Something became due by a commit of this process."""
        ...

    def on_process_death(self, process: "Process") -> None:
        """A process is dead."""
        ...

    def resume_unblocked(self) -> None:
        """A statement was carried out, which may have let go of a lock."""
        ...


@dataclass(slots=True)
class Fault:
    """What befalls a process at one of its next statements."""

    statements_left: int
    is_fatal: bool
    # Before the statement is carried out, or after.
    is_before: bool


class Process:
    """One ``serve`` with a worker in it, from its start to its end."""

    def __init__(self, world: World, name: str, clock_offset_seconds: float) -> None:
        self.name = name
        self.is_dead = False
        self.fault_plan: Fault | None = None
        self._world = world
        self._tasks: set[asyncio.Task[Any]] = set()
        self._fibers: set[Fiber] = set()
        self._deed: Operation | None = None
        self._life: tuple[int, Callable[[], None]] | None = None
        self._life_task: asyncio.Task[None] | None = None
        self._lives: list[int] = []
        self.clock = LocalClock(world.virtual_time, clock_offset_seconds)
        self.database = world.store.open(self.clock, self)
        self.database.wake = partial(world.on_wake_up, self)
        self.worker = Worker(
            self.database,
            self,
            world.keyring,
            SCHEDULE,
            lease_seconds=LEASE_SECONDS,
            observer=self,
            rng=random.Random(world.rng.getrandbits(32)),
        )

    def start(self) -> None:
        """Have the worker work."""
        if self.database.dialect == "sqlite":
            self.working = self.spawn(self._work_alone())
        else:
            self.working = self.spawn(self._work_among_others())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something in this process; it ends when the process dies."""
        task = self._begin(work)
        task.add_done_callback(self._ended)
        return task

    def kill(self) -> None:
        """Die at once, as by kill -9."""
        if self.is_dead:
            return
        self.is_dead = True
        invariants = self._world.invariants
        invariants.trace(f"{self.name} dies")
        invariants.counts["deaths"] += 1
        for fiber in self._fibers:
            fiber.abort(self._world.store.cancel)
        for worker in {self.worker.id, *self._lives}:
            invariants.mark_worker_dead(worker)
        self._give_lock_back()
        for task in self._tasks:
            task.cancel()
        self._world.on_process_death(self)

    async def stop(self) -> None:
        """End in good order."""
        self._world.invariants.trace(f"{self.name} is stopped")
        self.worker.stop()
        await asyncio.wait([self.working])
        self.kill()

    def close(self) -> None:
        """Give connections back, once nothing runs any more."""
        self.database.close()

    def lose_liveness_lock(self, notices_after_seconds: float) -> None:
        """Have the connection break that shows that the worker lives; it notices somewhat later."""
        if self._life is not None and self._life_task is not None:
            self._world.invariants.trace(f"{self.name} loses its life's lock")
            self._world.invariants.mark_worker_dead(self._life[0])
            self._give_lock_back()
            self._world.loop.call_later(notices_after_seconds, self._life_task.cancel)

    # The worker

    async def _work_alone(self) -> None:
        while not self.worker.is_stopping:
            try:
                await supervise(self.database, self.worker, self._world.rng)
            except DatabaseUnavailable:
                # Before it had begun: the process ends, and whoever watches it starts it anew.
                await asyncio.sleep(PAUSE_SECONDS)

    async def _work_among_others(self) -> None:
        # As liveness.keep_working does, with a lock that the simulation can break.
        store = self._world.store
        assert isinstance(store, PostgresStore)
        while not self.worker.is_stopping:
            id = self._world.rng.getrandbits(62) + 1
            self._life = id, partial(store.release_liveness_lock, store.acquire_liveness_lock(id))
            self._lives.append(id)
            self._life_task = self.spawn(self._live(id))
            await asyncio.wait([self._life_task])
            self._world.invariants.mark_worker_dead(id)
            self._give_lock_back()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _live(self, id: int) -> None:
        try:
            await self.worker.run(id, partial(reap, self.database))
        except CommitUnknown:
            self._world.invariants.trace(f"{self.name} does not know what was committed")

    def _give_lock_back(self) -> None:
        if self._life is not None:
            self._life[1]()
            self._life = None

    def _begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._world.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.is_dead:
            self._world.invariants.fail(f"{self.name} failed: {error!r}")

    # The sender and the observer of the worker

    async def send(self, uri: str, headers: list[tuple[str, str]], body: bytes, /) -> Outcome:
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
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Outcome, /
    ) -> None:
        pass

    # The gate of its statements

    async def run_transaction(self, operation: Operation, call: Callable[[], Any]) -> Any:
        if self.is_dead:
            raise asyncio.CancelledError
        if self.database.dialect == "sqlite":
            work = self._begin(self._perform_at_once(operation, call))
        else:
            work = self._begin(self._perform_in_steps(operation, call))
        work.add_done_callback(_look_at)
        # Whoever waits for a thread may be cancelled; the thread goes on.
        return await asyncio.shield(work)

    def before_statement(self, text: str, backend: int) -> None:
        if text.startswith(("ROLLBACK", "PRAGMA")):
            return
        if self.is_dead:
            raise ProcessKilled
        fiber = current_fiber()
        if fiber is not None and fiber.operation.is_writing and not text.startswith("BEGIN"):
            # What only reads has one picture of everything, whatever others do meanwhile.
            fiber.park(backend)
        if self.fault_plan is not None:
            self.fault_plan.statements_left -= 1
            self._inject_fault(text, is_before=True)

    def after_statement(self, text: str) -> None:
        if text == "COMMIT":
            fiber = current_fiber()
            operation = self._deed if fiber is None else fiber.operation
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
        when = "before" if is_before else "after"
        self._world.invariants.trace(
            f"{self.name}: {'death' if fault_plan.is_fatal else 'trouble'} {when} {text[:60]!r}"
        )
        if fault_plan.is_fatal:
            raise ProcessKilled
        self._world.invariants.counts["faults"] += 1
        raise database_error(self.database.dialect)

    def resume_unblocked(self) -> None:
        """Have statements that waited for a lock, and have got it, come to their end."""
        for fiber in self._fibers:
            if fiber.is_blocked:
                fiber.poll()

    async def _perform_at_once(self, operation: Operation, call: Callable[[], Any]) -> Any:
        await self._pause()
        self._deed = operation
        try:
            result = call()
        except ProcessKilled:
            self.kill()
            raise asyncio.CancelledError from None
        await self._pause()
        return result

    async def _perform_in_steps(self, operation: Operation, call: Callable[[], Any]) -> Any:
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


def _look_at(task: asyncio.Task[Any]) -> None:
    """Whoever waits for it hears of its failure; where nobody does any more, nobody need."""
    if not task.cancelled():
        task.exception()
