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
from tests.simulator.connections import Deed, failure_of
from tests.simulator.networks import Network
from tests.simulator.promises import Promises
from tests.simulator.stores import PostgresStore, Store
from tests.simulator.thread_scheduler import Fiber, Halted, current_fiber
from tests.simulator.virtual_time import LocalClock, Times

LEASE_SECONDS = 60
SCHEDULE = RetrySchedule(base_seconds=1, cap_seconds=12, window_seconds=40)
LOOK_SECONDS = 0.02


class World(Protocol):
    """What a process finds around it."""

    rng: random.Random
    loop: asyncio.AbstractEventLoop
    store: Store
    times: Times
    promises: Promises
    network: Network
    keyring: Keyring

    def hinted(self, by: "Process") -> None:
        """Something became due by a commit of this process."""
        ...

    def died(self, process: "Process") -> None:
        """A process is dead."""
        ...

    def let_the_unblocked_go_on(self) -> None:
        """A statement was carried out, which may have let go of a lock."""
        ...


@dataclass(slots=True)
class Mishap:
    """What befalls a process at one of its next statements."""

    statements_left: int
    is_deadly: bool
    # Before the statement is carried out, or after.
    is_before: bool


class Process:
    """One ``serve`` with a worker in it, from its start to its end."""

    def __init__(self, world: World, name: str, off_seconds: float) -> None:
        self.name = name
        self.is_dead = False
        self.mishap: Mishap | None = None
        self._world = world
        self._tasks: set[asyncio.Task[Any]] = set()
        self._fibers: set[Fiber] = set()
        self._deed: Deed | None = None
        self._life: tuple[int, Callable[[], None]] | None = None
        self._life_task: asyncio.Task[None] | None = None
        self._lives: list[int] = []
        self.clock = LocalClock(world.times, off_seconds)
        self.database = world.store.open(self.clock, self)
        self.database.wake = partial(world.hinted, self)
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

    def die(self) -> None:
        """Die at once, as by kill -9."""
        if self.is_dead:
            return
        self.is_dead = True
        promises = self._world.promises
        promises.note(f"{self.name} dies")
        promises.counts["deaths"] += 1
        for fiber in self._fibers:
            fiber.abort(self._world.store.cancel)
        for worker in {self.worker.id, *self._lives}:
            promises.gave_up(worker)
        self._give_lock_back()
        for task in self._tasks:
            task.cancel()
        self._world.died(self)

    async def stop(self) -> None:
        """End in good order."""
        self._world.promises.note(f"{self.name} is stopped")
        self.worker.stop()
        await asyncio.wait([self.working])
        self.die()

    def close(self) -> None:
        """Give connections back, once nothing runs any more."""
        self.database.close()

    def lose_life(self, notices_after_seconds: float) -> None:
        """Have the connection break that shows that the worker lives; it notices somewhat later."""
        if self._life is not None and self._life_task is not None:
            self._world.promises.note(f"{self.name} loses its life's lock")
            self._world.promises.gave_up(self._life[0])
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
            self._life = id, partial(store.declare_dead, store.declare_alive(id))
            self._lives.append(id)
            self._life_task = self.spawn(self._live(id))
            await asyncio.wait([self._life_task])
            self._world.promises.gave_up(id)
            self._give_lock_back()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _live(self, id: int) -> None:
        try:
            await self.worker.run(id, partial(reap, self.database))
        except CommitUnknown:
            self._world.promises.note(f"{self.name} does not know what was committed")

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
            self._world.promises.fail(f"{self.name} failed: {error!r}")

    # The sender and the observer of the worker

    async def send(self, uri: str, headers: list[tuple[str, str]], body: bytes, /) -> Outcome:
        if self.is_dead:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None
        is_errand = "one_off" in task.get_coro().__qualname__  # type: ignore[union-attr]
        promises = self._world.promises
        attempt = promises.begins(self.worker.id, uri, dict(headers), body, is_errand=is_errand)
        outcome = await self._world.network.carry(attempt, self.clock)
        promises.returned(attempt, outcome)
        return outcome

    def attempt_finished(
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Outcome, /
    ) -> None:
        pass

    # The gate of its statements

    async def perform(self, deed: Deed, call: Callable[[], Any]) -> Any:
        if self.is_dead:
            raise asyncio.CancelledError
        if self.database.dialect == "sqlite":
            work = self._begin(self._perform_at_once(deed, call))
        else:
            work = self._begin(self._perform_in_steps(deed, call))
        work.add_done_callback(_look_at)
        # Whoever waits for a thread may be cancelled; the thread goes on.
        return await asyncio.shield(work)

    def enter(self, text: str, backend: int) -> None:
        if text.startswith(("ROLLBACK", "PRAGMA")):
            return
        if self.is_dead:
            raise Halted
        fiber = current_fiber()
        if fiber is not None and fiber.deed.is_writing and not text.startswith("BEGIN"):
            # What only reads has one picture of everything, whatever others do meanwhile.
            fiber.park(backend)
        if self.mishap is not None:
            self.mishap.statements_left -= 1
            self._befall(text, is_before=True)

    def leave(self, text: str) -> None:
        if text == "COMMIT":
            fiber = current_fiber()
            deed = self._deed if fiber is None else fiber.deed
            assert deed is not None
            if deed.is_writing:
                self._world.promises.committed(deed)
        if self.mishap is not None and not text.startswith(("ROLLBACK", "PRAGMA")):
            self._befall(text, is_before=False)

    def _befall(self, text: str, *, is_before: bool) -> None:
        mishap = self.mishap
        if mishap is None or mishap.statements_left > 0 or mishap.is_before != is_before:
            return
        self.mishap = None
        when = "before" if is_before else "after"
        self._world.promises.note(f"{self.name}: {'death' if mishap.is_deadly else 'trouble'} {when} {text[:60]!r}")
        if mishap.is_deadly:
            raise Halted
        self._world.promises.counts["troubles"] += 1
        raise failure_of(self.database.dialect)

    def let_the_unblocked_go_on(self) -> None:
        """Have statements that waited for a lock, and have got it, come to their end."""
        for fiber in self._fibers:
            if fiber.is_blocked:
                fiber.look()

    async def _perform_at_once(self, deed: Deed, call: Callable[[], Any]) -> Any:
        await self._pause()
        self._deed = deed
        try:
            result = call()
        except Halted:
            self.die()
            raise asyncio.CancelledError from None
        await self._pause()
        return result

    async def _perform_in_steps(self, deed: Deed, call: Callable[[], Any]) -> Any:
        fiber = Fiber(call, deed, self._world.store.is_waiting)
        self._fibers.add(fiber)
        try:
            while not fiber.is_done:
                await self._pause()
                fiber.step()
                self._world.let_the_unblocked_go_on()
                while fiber.is_blocked:
                    await asyncio.sleep(LOOK_SECONDS)
                    fiber.look()
            result = fiber.result()
        except Halted:
            self.die()
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
