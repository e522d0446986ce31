"""One run of the simulator: random actions and faults from a seed, then a recovery in which everything is delivered."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from hourhook.clock import SECOND
from hourhook.crypto import Keyring
from hourhook.delivery import catching_up, event_log, lane_control
from hourhook.delivery.signing import new_secret
from hourhook.delivery.worker import batches
from hourhook.delivery.worker.maintenance import run_cleanup
from hourhook.errors import DatabaseUnavailable, NotFound
from tests.simulator import actors
from tests.simulator.invariants import Invariants, InvariantViolation
from tests.simulator.networks import BEHAVIOUR_CHANGES, Network
from tests.simulator.processes import RETENTION_SECONDS, Fault, Process
from tests.simulator.stores import Store
from tests.simulator.virtual_time import VirtualLoop, VirtualTime
from tests.support.account_rows import add_account

ACTIONS_COUNT = 70
BATCH_LIMITS = (1, 1, 2, 3, 500)
# In some runs, so that batches reach it.
SMALL_BATCH_BYTES = 900
# Requests per second, in hundredths.
RATES = (None, 50, 100, 400, 2000)
OVERLAP_SECONDS = (0.2, 3, 20, 3600)
DAY_SECONDS = 86_400
IDLE_TIMEOUT_SECONDS = 240
_keyring = Keyring("the key of the simulator's secrets")


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run."""

    seed: int
    seconds: float
    counts: Counter[str]
    # A checksum of the trace: equal runs have equal fingerprints.
    fingerprint: int


def simulate(store: Store, seed: int) -> Report:
    """Run a seed. Raises ``InvariantViolation`` if an invariant does not hold."""
    configuration = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    store.clear()
    # Transactions of a run have few events: so that batching is covered, some runs write one or two per batch.
    batch_events, event_log.BATCH_EVENTS = event_log.BATCH_EVENTS, (event_log.BATCH_EVENTS, 1, 2)[seed % 3]
    past_events, catching_up.BATCH = catching_up.BATCH, (2, 5)[seed % 2]
    batch_bytes = batches.MAX_BATCH_BYTES
    batches.MAX_BATCH_BYTES = (batch_bytes, SMALL_BATCH_BYTES)[seed % 2]
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            world = Run(store, seed, runner.get_loop())
            runner.run(world.run_to_end())
    finally:
        event_log.BATCH_EVENTS = batch_events
        catching_up.BATCH = past_events
        batches.MAX_BATCH_BYTES = batch_bytes
        structlog.configure(**configuration)
    if world.invariants.violation is not None:
        raise world.invariants.violation
    return Report(seed, world.virtual_time.elapsed_seconds, world.invariants.counts, world.invariants.fingerprint)


class Run:
    """The state of one run: accounts, processes, receivers and pending actions."""

    def __init__(self, store: Store, seed: int, loop: asyncio.AbstractEventLoop) -> None:
        self.rng = random.Random(seed)
        self.store = store
        self.loop = loop
        self.keyring = _keyring
        self.virtual_time = VirtualTime(loop)
        self._violated = asyncio.Event()
        self.invariants = Invariants(store, self.virtual_time, _keyring, self._violated.set)
        self.network = Network(self.rng, self.invariants)
        self.processes: list[Process] = []
        self._accounts: list[int] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        # Writes of users that are not finished.
        self._pending_writes: set[asyncio.Task[Any]] = set()
        self._started_count = 0

    async def run_to_end(self) -> None:
        """Run to the end, or to the first violation."""
        run = self.loop.create_task(self._run())
        violation = self.loop.create_task(self._violated.wait())
        await asyncio.wait([run, violation], return_when=asyncio.FIRST_COMPLETED)
        for process in [*self.processes]:
            process.kill()
        for task in (run, violation, *self._tasks):
            task.cancel()
        await asyncio.gather(violation, run, *self._tasks, return_exceptions=True)
        if not run.cancelled() and (error := run.exception()) is not None and self.invariants.violation is None:
            raise error

    async def _run(self) -> None:
        setup = Process(self, "setup", 0)
        for number in range(self.rng.choice((1, 1, 2))):
            self._accounts.append(await setup.database.run(add_account, f"account {number}"))
        setup.is_dead = True
        setup.close()
        count = 1 if self.store.dialect == "sqlite" else self.rng.choice((2, 2, 3))
        for _ in range(count):
            self._start()
        progress_check = self._spawn(self._check_progress())
        for _ in range(self.rng.choice((1, 2, 3))):
            self._perform("create_webhook")
        for _ in range(ACTIONS_COUNT):
            await asyncio.sleep(self.rng.choice((0, 0.01, 0.3, 1.5)) * self.rng.random())
            self._perform(self.rng.choices([*_ACTIONS], [*_ACTIONS.values()])[0])
        await self._recover()
        progress_check.cancel()

    async def _recover(self) -> None:
        """End all failures, and wait until everything is delivered."""
        self.invariants.trace("recovery")
        for receiver in self.network.receivers.values():
            receiver.behaviour = "perfect"
        for process in self.processes:
            process.fault_plan = None
        if self._pending_writes:
            # A write may still wait for a lock, and then disable a webhook.
            await asyncio.wait(self._pending_writes)
        await self._wait_until_idle()
        for id, lane in [*self.invariants.lanes.items()]:
            database = self._running_processes()[0].database
            # Rates have been checked by now, and waiting for them takes long.
            await database.write(lane.account_id, actors.set_rate, id, None)
            await database.write(lane.account_id, lane_control.enable, id)
        await self._wait_until_idle()
        self.invariants.check_final_state()

    async def _wait_until_idle(self) -> None:
        for _ in range(IDLE_TIMEOUT_SECONDS):
            # Sleep before the first check, so that the last actions have started. Stopping processes must end, too.
            await asyncio.sleep(1)
            if 0 < len(self.processes) == len(self._running_processes()) and self.invariants.is_idle():
                return
        self.invariants.fail(f"deliveries did not finish within {IDLE_TIMEOUT_SECONDS} s")

    async def _check_progress(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.invariants.check_progress(is_any_worker_running=bool(self._running_processes()))

    def _running_processes(self) -> list[Process]:
        return [process for process in self.processes if not process.worker.is_stopping]

    # Actions, named in ``_ACTIONS``

    def _perform(self, action: str) -> None:
        self.invariants.trace(f"{action} …")
        getattr(self, f"_{action}")()

    def _change(self) -> None:
        self._write(self.rng.choice(self._accounts), actors.change, actors.random_changes(self.rng))

    def _create_webhook(self) -> None:
        if len(self.invariants.lanes) < 5:
            account_id = self.rng.choice(self._accounts)
            events, batch_limit = actors.random_events(self.rng), self.rng.choice(BATCH_LIMITS)
            position = self.rng.choice((None, 1, self.rng.randint(1, 40)))
            self._write(account_id, actors.create_webhook, self._random_uri(), events, _keyring, batch_limit, position)

    def _delete_webhook(self) -> None:
        if len(self.invariants.lanes) > 1:
            self._change_webhook(actors.delete_webhook)

    def _subscribe(self) -> None:
        self._change_webhook(actors.subscribe, actors.random_events(self.rng))

    def _retarget(self) -> None:
        self._change_webhook(actors.retarget, self._random_uri())

    def _rename(self) -> None:
        self._change_webhook(actors.rename, f"hook {self.rng.randrange(100)}")

    def _reroll(self) -> None:
        self._change_webhook(actors.reroll, _keyring.encrypt(new_secret()))

    def _rotate(self) -> None:
        overlap_seconds = self.rng.choice(OVERLAP_SECONDS)
        self._change_webhook(actors.rotate, _keyring.encrypt(new_secret()), round(overlap_seconds * SECOND))

    def _expire_secret(self) -> None:
        self._change_webhook(actors.expire_secret)

    def _set_rate(self) -> None:
        self._change_webhook(actors.set_rate, self.rng.choice(RATES))

    def _limit_batches(self) -> None:
        self._change_webhook(actors.limit_batches, self.rng.choice(BATCH_LIMITS))

    def _enable(self) -> None:
        self._change_webhook(lane_control.enable)

    def _disable(self) -> None:
        self._change_webhook(lane_control.disable, "by_user")

    def _ping(self) -> None:
        self._change_webhook(actors.ping)

    def _skip(self) -> None:
        failing = [id for id, lane in self.invariants.lanes.items() if lane.failing_since is not None]
        if failing:
            lane = self.invariants.lanes[self.rng.choice(failing)]
            self._write(lane.account_id, lane_control.skip, lane.webhook_id, lane.head_sequence, actors.USER_ID)

    def _replay(self) -> None:
        lane = self._random_lane()
        if lane is not None and lane.last_sequence:
            low = max(1, lane.head_sequence - self.rng.choice((1, 3, 10, 1000)))
            sequence = self.rng.randint(low, lane.last_sequence)
            self._write(lane.account_id, actors.replay, lane.webhook_id, sequence)

    def _retry(self) -> None:
        lane = self._random_lane()
        if lane is not None and lane.last_sequence:
            near = min(max(1, lane.head_sequence + self.rng.choice((0, 0, 0, 1, -1, -3))), lane.last_sequence)
            self._write(lane.account_id, actors.retry, lane.webhook_id, near)

    def _change_behaviour(self) -> None:
        if self.network.receivers:
            uri = self.rng.choice([*self.network.receivers])
            self.network.receiver(uri).behaviour = self.rng.choice(BEHAVIOUR_CHANGES)

    def _kill(self) -> None:
        if self.processes:
            self.rng.choice(self.processes).kill()

    def _kill_soon(self) -> None:
        self._inject_fault(is_fatal=True)

    def _fail_soon(self) -> None:
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
            process.spawn(self._tolerate_refusal(lambda: run_cleanup(process.database, RETENTION_SECONDS)))

    def _shift_clocks(self) -> None:
        seconds = self.rng.choice((-3 * DAY_SECONDS, -3600, -30, -0.5, 2, 20, 90, 3 * DAY_SECONDS))
        if seconds >= 20:
            # Now, or together with the next shift.
            self.invariants.expire_all_leases()
        self.invariants.on_clock_shift(seconds)
        self.virtual_time.shift(seconds)

    def _shift_one_clock(self) -> None:
        if self.processes and self.store.dialect == "postgresql":
            process, seconds = self.rng.choice(self.processes), self.rng.choice((-7200, -3, 3, 7200))
            self.invariants.trace(f"the clock of {process.name} shifts by {seconds} s")
            process.clock.shift(seconds)

    def _have_outage(self) -> None:
        """Kill all processes, and shift the clocks by about the retention period."""
        for process in [*self.processes]:
            process.kill()
        seconds = RETENTION_SECONDS * self.rng.choice((0.5, 1.2))
        self.invariants.on_clock_shift(seconds)
        self.virtual_time.shift(seconds)
        # As after every start.
        self.loop.call_later(5, self._run_cleanup)

    # Helpers of the actions

    def _write(self, account_id: int, function: Callable[..., Any], *arguments: Any) -> None:
        if self.processes:
            process = self.rng.choice(self.processes)
            write = process.spawn(
                self._tolerate_refusal(lambda: process.database.write(account_id, function, *arguments))
            )
            self._pending_writes.add(write)
            write.add_done_callback(self._pending_writes.discard)

    def _change_webhook(self, function: Callable[..., Any], *arguments: Any) -> None:
        lane = self._random_lane()
        if lane is not None:
            self._write(lane.account_id, function, lane.webhook_id, *arguments)

    def _random_lane(self) -> Any:
        return self.rng.choice([*self.invariants.lanes.values()]) if self.invariants.lanes else None

    async def _tolerate_refusal(self, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            await work()
        except (DatabaseUnavailable, NotFound) as error:
            self.invariants.trace(f"refused: {error!r}")
            if "deadlock" in str(error):
                self.invariants.fail(str(error))

    def _random_uri(self) -> str:
        uri = f"https://receiver{self.rng.randrange(6)}.example/{self.rng.randrange(2)}"
        self.network.receiver(uri)
        return uri

    def _inject_fault(self, *, is_fatal: bool) -> None:
        if self.processes:
            is_before = self.rng.random() < 0.5
            fault_plan = Fault(self.rng.randint(1, 30), is_fatal, is_before)
            if self.store.dialect == "sqlite" and not is_fatal:
                # When SQLite reports an error, it has not executed the statement.
                fault_plan.is_before = True
            self.rng.choice(self.processes).fault_plan = fault_plan

    def _start(self) -> None:
        self._started_count += 1
        # The clocks of a cluster's machines differ; on SQLite there is only one machine.
        clock_offset_seconds = 0.0 if self.store.dialect == "sqlite" else self.rng.choice((0, 0.4, -1.2, 7200, -7200))
        process = Process(self, f"process {self._started_count}", clock_offset_seconds)
        self.invariants.trace(f"{process.name} starts")
        self.processes.append(process)
        process.start()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Calls of the processes

    def on_wake_up(self, by: Process) -> None:
        self.loop.call_soon(by.worker.wake)
        for process in self.processes:
            # A wake-up of another process may be lost.
            if process is not by and self.rng.random() < 0.7:
                self.loop.call_later(self.rng.uniform(0.001, 0.05), process.worker.wake)

    def on_process_end(self, process: Process) -> None:
        if process in self.processes:
            self.processes.remove(process)
        self.loop.call_soon(process.close)
        self.loop.call_later(self.rng.choice((0.01, 0.5, 4)), self._start)

    def resume_unblocked(self) -> None:
        for process in self.processes:
            process.resume_unblocked()


# The weight of each action.
_ACTIONS = {
    "change": 40,
    "create_webhook": 3,
    "delete_webhook": 1,
    "subscribe": 2,
    "retarget": 2,
    "rename": 1,
    "reroll": 1,
    "rotate": 2,
    "expire_secret": 1,
    "set_rate": 4,
    "limit_batches": 1,
    "enable": 3,
    "disable": 2,
    "ping": 2,
    "skip": 3,
    "replay": 3,
    "retry": 5,
    "change_behaviour": 8,
    "kill": 2,
    "kill_soon": 3,
    "fail_soon": 3,
    "stop": 1,
    "lose_liveness_lock": 1,
    "run_cleanup": 2,
    "shift_clocks": 2,
    "shift_one_clock": 1,
    "have_outage": 1,
}

__all__ = ["InvariantViolation", "Report", "simulate"]
