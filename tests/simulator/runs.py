"""One run of the simulator: a world that a seed makes, lets live for a while, and calms down in the end."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from hourhook.crypto import Keyring
from hourhook.delivery import event_log, lane_control
from hourhook.delivery.signing import new_secret
from hourhook.delivery.worker.maintenance import run_cleanup
from hourhook.errors import DatabaseUnavailable, NotFound
from tests.simulator import actors
from tests.simulator.invariants import Invariants, InvariantViolation
from tests.simulator.networks import BEHAVIOUR_CHANGES, Network
from tests.simulator.processes import Fault, Process
from tests.simulator.stores import Store
from tests.simulator.virtual_time import VirtualLoop, VirtualTime
from tests.support.account_rows import add_account

DEEDS = 70
RETENTION_SECONDS = 3600
REST_SECONDS = 240
_keyring = Keyring("the key of the simulator's secrets, which nobody else has")


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to."""

    seed: int
    seconds: float
    counts: Counter[str]
    # Two runs that went alike have the same.
    fingerprint: int


def simulate(store: Store, seed: int) -> Report:
    """Run a seed; raises ``InvariantViolation`` when a promise does not hold."""
    configuration = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    store.clear()
    # A transaction of a run has a few events only: in some runs they are written one or two at a time all the same.
    batch_events, event_log.BATCH_EVENTS = event_log.BATCH_EVENTS, (event_log.BATCH_EVENTS, 1, 2)[seed % 3]
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            world = Run(store, seed, runner.get_loop())
            runner.run(world.run_to_end())
    finally:
        event_log.BATCH_EVENTS = batch_events
        structlog.configure(**configuration)
    if world.invariants.violation is not None:
        raise world.invariants.violation
    return Report(seed, world.virtual_time.elapsed_seconds, world.invariants.counts, world.invariants.fingerprint)


class Run:
    """The world of one seed."""

    def __init__(self, store: Store, seed: int, loop: asyncio.AbstractEventLoop) -> None:
        self.rng = random.Random(seed)
        self.store = store
        self.loop = loop
        self.keyring = _keyring
        self.virtual_time = VirtualTime(loop)
        self._broken = asyncio.Event()
        self.invariants = Invariants(store, self.virtual_time, _keyring, self._broken.set)
        self.network = Network(self.rng, self.invariants)
        self.processes: list[Process] = []
        self._accounts: list[int] = []
        self._hooks: list[int] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        # What people are at.
        self._deeds: set[asyncio.Task[Any]] = set()
        self._started_count = 0

    async def run_to_end(self) -> None:
        """Live through it all, or up to the first promise that breaks."""
        life = self.loop.create_task(self._live())
        alarm = self.loop.create_task(self._broken.wait())
        await asyncio.wait([life, alarm], return_when=asyncio.FIRST_COMPLETED)
        for process in [*self.processes]:
            process.kill()
        for task in (life, alarm, *self._tasks):
            task.cancel()
        await asyncio.gather(alarm, life, *self._tasks, return_exceptions=True)
        if not life.cancelled() and (error := life.exception()) is not None and self.invariants.violation is None:
            raise error

    async def _live(self) -> None:
        founder = Process(self, "founder", 0)
        for number in range(self.rng.choice((1, 1, 2))):
            self._accounts.append(await founder.database.run(add_account, f"account {number}"))
        founder.is_dead = True
        founder.close()
        count = 1 if self.store.dialect == "sqlite" else self.rng.choice((2, 2, 3))
        for _ in range(count):
            self._start()
        watching = self._spawn(self._watch())
        for _ in range(self.rng.choice((1, 2, 3))):
            self._do("create_webhook")
        for _ in range(DEEDS):
            await asyncio.sleep(self.rng.choice((0, 0.01, 0.3, 1.5)) * self.rng.random())
            self._do(self.rng.choices([*_DEEDS], [*_DEEDS.values()])[0])
        await self._calm_down()
        watching.cancel()

    async def _calm_down(self) -> None:
        """Have every receiver and every process be well, and wait until all is delivered."""
        self.invariants.trace("calm")
        for receiver in self.network.receivers.values():
            receiver.behaviour = "calm"
        for process in self.processes:
            process.fault_plan = None
        if self._deeds:
            # Somebody may still wait for a lock, and disable a webhook once he has it.
            await asyncio.wait(self._deeds)
        await self._rest()
        for id, lane in [*self.invariants.lanes.items()]:
            await self._lasting()[0].database.write(lane.account_id, lane_control.enable, id)
        await self._rest()
        self.invariants.check_final_state()

    async def _rest(self) -> None:
        for _ in range(REST_SECONDS):
            # First of all: what was decided last has begun by then. Whoever is ending has to end, too.
            await asyncio.sleep(1)
            if 0 < len(self.processes) == len(self._lasting()) and self.invariants.is_idle():
                return
        self.invariants.fail("there is no end to what is to be sent")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.invariants.check_progress(is_any_worker_running=bool(self._lasting()))

    def _lasting(self) -> list[Process]:
        return [process for process in self.processes if not process.worker.is_stopping]

    # What happens

    def _do(self, deed: str) -> None:
        self.invariants.trace(f"{deed} …")
        getattr(self, f"_{deed}")()

    def _change(self) -> None:
        self._write(self.rng.choice(self._accounts), actors.change, actors.random_changes(self.rng))

    def _create_webhook(self) -> None:
        if len(self.invariants.lanes) < 5:
            account_id = self.rng.choice(self._accounts)
            self._write(account_id, actors.create_webhook, self._uri(), actors.random_events(self.rng), _keyring)

    def _delete_webhook(self) -> None:
        if len(self.invariants.lanes) > 1:
            self._steer(actors.delete_webhook)

    def _subscribe(self) -> None:
        self._steer(actors.subscribe, actors.random_events(self.rng))

    def _retarget(self) -> None:
        self._steer(actors.retarget, self._uri())

    def _rename(self) -> None:
        self._steer(actors.rename, f"hook {self.rng.randrange(100)}")

    def _reroll(self) -> None:
        self._steer(actors.reroll, _keyring.encrypt(new_secret()))

    def _enable(self) -> None:
        self._steer(lane_control.enable)

    def _disable(self) -> None:
        self._steer(lane_control.disable, "by_user")

    def _ping(self) -> None:
        self._steer(actors.ping)

    def _skip(self) -> None:
        failing = [id for id, lane in self.invariants.lanes.items() if lane.failing_since is not None]
        if failing:
            lane = self.invariants.lanes[self.rng.choice(failing)]
            self._write(lane.account_id, lane_control.skip, lane.webhook_id, lane.head_sequence, actors.USER_ID)

    def _replay(self) -> None:
        lane = self._lane()
        if lane is not None and lane.last_sequence:
            low = max(1, lane.head_sequence - self.rng.choice((1, 3, 10, 1000)))
            sequence = self.rng.randint(low, lane.last_sequence)
            self._write(lane.account_id, actors.replay, lane.webhook_id, sequence)

    def _retry(self) -> None:
        lane = self._lane()
        if lane is not None and lane.last_sequence:
            near = min(max(1, lane.head_sequence + self.rng.choice((0, 0, 0, 1, -1, -3))), lane.last_sequence)
            self._write(lane.account_id, actors.retry, lane.webhook_id, near)

    def _change_mood(self) -> None:
        if self.network.receivers:
            uri = self.rng.choice([*self.network.receivers])
            self.network.receiver(uri).behaviour = self.rng.choice(BEHAVIOUR_CHANGES)

    def _die(self) -> None:
        if self.processes:
            self.rng.choice(self.processes).kill()

    def _die_soon(self) -> None:
        self._inject_fault(is_fatal=True)

    def _have_trouble(self) -> None:
        self._inject_fault(is_fatal=False)

    def _stop(self) -> None:
        if self.processes:
            self._spawn(self.rng.choice(self.processes).stop())

    def _lose_liveness_lock(self) -> None:
        if self.processes:
            self.rng.choice(self.processes).lose_liveness_lock(self.rng.uniform(0, 3))

    def _run_cleanup(self) -> None:
        if self.processes:
            process = self.rng.choice(self.processes)
            process.spawn(self._attempt(lambda: run_cleanup(process.database, RETENTION_SECONDS)))

    def _move_clocks(self) -> None:
        seconds = self.rng.choice((-30, -3, -0.5, 2, 20, 90))
        if seconds >= 20:
            # At once, or together with the next leap.
            self.invariants.expire_all_leases()
        self.invariants.trace(f"clocks move by {seconds} s")
        self.virtual_time.shift(seconds)

    def _be_away(self) -> None:
        """Everything stands still for longer than events are kept."""
        for process in [*self.processes]:
            process.kill()
        self.virtual_time.shift(RETENTION_SECONDS * self.rng.choice((0.5, 1.2)))
        # As it is at every start.
        self.loop.call_later(5, self._run_cleanup)

    # How

    def _write(self, account_id: int, function: Callable[..., Any], *arguments: Any) -> None:
        if self.processes:
            process = self.rng.choice(self.processes)
            deed = process.spawn(self._attempt(lambda: process.database.write(account_id, function, *arguments)))
            self._deeds.add(deed)
            deed.add_done_callback(self._deeds.discard)

    def _steer(self, function: Callable[..., Any], *arguments: Any) -> None:
        lane = self._lane()
        if lane is not None:
            self._write(lane.account_id, function, lane.webhook_id, *arguments)

    def _lane(self) -> Any:
        return self.rng.choice([*self.invariants.lanes.values()]) if self.invariants.lanes else None

    async def _attempt(self, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            await work()
        except (DatabaseUnavailable, NotFound) as error:
            self.invariants.trace(f"refused: {error!r}")
            if "deadlock" in str(error):
                self.invariants.fail(str(error))

    def _uri(self) -> str:
        uri = f"https://receiver{self.rng.randrange(6)}.example/{self.rng.randrange(2)}"
        self.network.receiver(uri)
        return uri

    def _inject_fault(self, *, is_fatal: bool) -> None:
        if self.processes:
            is_before = self.rng.random() < 0.5
            fault_plan = Fault(self.rng.randint(1, 30), is_fatal, is_before)
            if self.store.dialect == "sqlite" and not is_fatal:
                # What SQLite says it has not done it has not done.
                fault_plan.is_before = True
            self.rng.choice(self.processes).fault_plan = fault_plan

    def _start(self) -> None:
        self._started_count += 1
        # The machines of a cluster do not quite agree on the time; one machine has one clock.
        clock_offset_seconds = 0.0 if self.store.dialect == "sqlite" else self.rng.choice((0, 0, 0.4, -1.2))
        process = Process(self, f"process {self._started_count}", clock_offset_seconds)
        self.invariants.trace(f"{process.name} starts")
        self.processes.append(process)
        process.start()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # What processes tell

    def on_wake_up(self, by: Process) -> None:
        self.loop.call_soon(by.worker.wake)
        for process in self.processes:
            # A hint to another process may get lost.
            if process is not by and self.rng.random() < 0.7:
                self.loop.call_later(self.rng.uniform(0.001, 0.05), process.worker.wake)

    def on_process_death(self, process: Process) -> None:
        if process in self.processes:
            self.processes.remove(process)
        self.loop.call_soon(process.close)
        self.loop.call_later(self.rng.choice((0.01, 0.5, 4)), self._start)

    def resume_unblocked(self) -> None:
        for process in self.processes:
            process.resume_unblocked()


# What may happen, and how often.
_DEEDS = {
    "change": 40,
    "create_webhook": 3,
    "delete_webhook": 1,
    "subscribe": 2,
    "retarget": 2,
    "rename": 1,
    "reroll": 1,
    "enable": 3,
    "disable": 2,
    "ping": 2,
    "skip": 3,
    "replay": 3,
    "retry": 5,
    "change_mood": 8,
    "die": 2,
    "die_soon": 3,
    "have_trouble": 3,
    "stop": 1,
    "lose_liveness_lock": 1,
    "run_cleanup": 2,
    "move_clocks": 1,
    "be_away": 1,
}

__all__ = ["InvariantViolation", "Report", "simulate"]
