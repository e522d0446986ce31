"""The worker: lease due lanes, send their heads and settle the outcomes, in cycles for all lanes at once.

No transaction is open while a request is in flight, and a lane's next payload is sent only after the last result is
settled. So a crash repeats at most one payload of each lane, with the same payload id
(``docs/how-it-works.md#worker-cycles``).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from hourhook.backoff import RetrySchedule
from hourhook.clock import SECOND, Clock
from hourhook.crypto import Keyring
from hourhook.delivery import catching_up, lane_control
from hourhook.delivery.targets import Target
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.transports.transport import Transport
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.alarms import Alarms
from hourhook.delivery.worker.batches import Message, compose, payload_body
from hourhook.delivery.worker.cycles import Capacity, Cycle, CycleResult, capacity_of, prefetch_limit_of, run_cycle
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.observers import AttemptObserver
from hourhook.delivery.worker.one_off_deliveries import OneOff, OneOffResult
from hourhook.delivery.worker.readahead import EventCache, Payload
from hourhook.delivery.worker.sender import Sender
from hourhook.delivery.worker.settlements import AttemptResult, Settlement
from hourhook.delivery.worker.slots import DEFAULT_LIMITS, Slot, Slots, WorkerLimits
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from hourhook.waker import Waker

POLL_SECONDS = 1.0
SLOW_AFTER_SECONDS = 1.0
# How many payloads of a lane are sent in a row while others wait for a slot.
MAX_CONSECUTIVE_SENDS = 64
RENEW_EACH = 4
# How long until a lane locked by another transaction is tried again: about the duration of a commit.
POSTPONED_SECONDS = 0.002
GATHER_SECONDS = 0.004
GATHER_SHARE = 0.75
DRAIN_SECONDS = 7.0
PAUSE_SECONDS = 0.5

# Disables the lane of a webhook of the transaction's account at a sequence; returns whether it did.
DisableGone = Callable[[Transaction, int, int], bool]

_log = structlog.get_logger()


class Worker:
    """A delivery worker; ``run`` runs until ``stop``. ``on_alert`` is called when there is something to report."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        keyring: Keyring,
        schedule: RetrySchedule,
        *,
        lease_seconds: float,
        observer: AttemptObserver,
        limits: WorkerLimits = DEFAULT_LIMITS,
        rng: random.Random | None = None,
        disable_gone: DisableGone = lane_control.disable_gone,
        on_alert: Callable[[], None] = lambda: None,
    ) -> None:
        self.id = 0
        self._database = database
        self._clock: Clock = database.clock
        self._sender = Sender(database, transport, keyring)
        self._schedule = schedule
        self._longest_delay = round(schedule.longest_delay_seconds * SECOND)
        self._lease = round(lease_seconds * SECOND)
        self._observer = observer
        self._rng = rng or random.SystemRandom()
        self._disable_webhook = disable_gone
        self._on_alert = on_alert
        self._cache = EventCache()
        self._limits = limits
        self._slots, self._one_off_slots = Slots(limits.lanes), Slots(limits.one_offs)
        self._held: dict[LeasedLane, Slot] = {}
        # Of lanes and one-off deliveries, and other work that ends with this worker.
        self._sending: set[asyncio.Future[Any]] = set()
        self._results: list[AttemptResult] = []
        self._one_off_results: list[OneOffResult] = []
        self._waker = Waker()
        # Wakes the wait for more results.
        self._gathering = Waker()
        # How many results end that wait; 0 while nothing waits.
        self._gather_count = 0
        self._is_woken = True
        self._is_short_of_slots = False
        self._alarms = Alarms()
        self._is_catching_up = False
        self._polled_at = 0
        self._renewed_at = 0
        self._failure: BaseException | None = None

    def wake(self) -> None:
        """Look for due lanes soon; call it on the event loop."""
        self._is_woken = True
        self._waker.wake()

    def stop(self) -> None:
        """Finish the sends in flight, release all leases and end ``run``."""
        self._waker.stop()

    @property
    def is_stopping(self) -> bool:
        return self._waker.is_stopping

    async def run(self, id: int, on_poll: Callable[["Worker"], Awaitable[None]] | None = None) -> None:
        """Deliver until ``stop``, with leases held by worker ``id``; ``on_poll`` is called at each poll."""
        self.id = id
        self._is_woken = True
        try:
            while not self._waker.is_stopping:
                await self._wait()
                await self._poll(on_poll)
                await self._gather_results()
                if self._is_woken or self._results or self._one_off_results:
                    await self._run_cycle()
            await self._drain()
        finally:
            await self._discard_work()

    async def _wait(self) -> None:
        now = self._clock.now()
        wake_at = min(self._polled_at + round(POLL_SECONDS * SECOND), self._alarms.next_at or now + SECOND)
        # At most one poll interval, even if the clock was set back.
        await self._waker.wait(min((wake_at - now) / SECOND, POLL_SECONDS))
        if self._failure is not None:
            raise self._failure
        self._is_woken |= self._alarms.ring(self._clock.now())

    async def _gather_results(self) -> None:
        # If many sends are about to finish, a short wait lets one commit serve most of them.
        count = int(self._slots.ordinary_count * GATHER_SHARE)
        if self._results and len(self._results) < count:
            self._gather_count = count
            await self._gathering.wait(GATHER_SECONDS)
            self._gather_count = 0

    async def _poll(self, on_poll: Callable[["Worker"], Awaitable[None]] | None) -> None:
        now = self._clock.now()
        if 0 <= now - self._polled_at < round(POLL_SECONDS * SECOND):
            return
        self._polled_at = now
        for slots in (self._slots, self._one_off_slots):
            slots.mark_slow(now, round(SLOW_AFTER_SECONDS * SECOND))
        try:
            if self._held and not 0 <= now - self._renewed_at < self._lease // RENEW_EACH:
                self._renewed_at = now
                await self._database.run(leases.renew, self.id, self._lease)
            if on_poll is not None:
                await on_poll(self)
            check = await self._database.read(leases.check_due, self._longest_delay)
            self._is_woken |= check.is_any_due or check.is_any_late
            if check.is_any_catching_up and not self._is_catching_up:
                self._is_catching_up = True
                self._start(self._catch_up())
            if check.is_any_late:
                count = await self._database.run(leases.bring_forward, self._longest_delay)
                _log.warning("deliveries brought forward: a clock was ahead", count=count)
        except DatabaseUnavailable as error:
            _log.warning("poll failed", error=str(error))

    async def _run_cycle(self) -> None:
        cycles: list[Cycle] = []

        def prepare() -> tuple[Cycle, EventCache]:
            cycles.append(self._take_work())
            return cycles[0], self._cache

        try:
            cycle_result = await self._database.run_prepared(run_cycle, prepare)
        except CommitUnknown:
            # Leases may have been committed that this worker does not know of: end, so that they are released as a dead
            # worker's.
            raise
        except DatabaseUnavailable as error:
            for cycle in cycles:
                self._results[:0] = cycle.results
                self._one_off_results[:0] = cycle.one_off_results
            _log.warning("worker cycle postponed", error=str(error), results=len(self._results))
            self._is_woken = True
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            self._apply(cycle_result)
            cycles[0].tell_of_attempts(self._database.after_attempts)

    def _take_work(self) -> Cycle:
        """Take all results and, after a wake-up, the capacity for new leases."""
        results, self._results = self._results, []
        one_off_results, self._one_off_results = self._one_off_results, []
        lane_capacity = one_off_capacity = Capacity()
        token = 0
        if self._is_woken and not self._waker.is_stopping:
            lane_capacity, one_off_capacity = capacity_of(self._slots), capacity_of(self._one_off_slots)
            token = self._rng.getrandbits(62) + 1
        self._is_short_of_slots |= bool(lane_capacity.saturated)
        self._is_woken = False
        return Cycle(
            self.id,
            token,
            self._lease,
            results,
            one_off_results,
            lane_capacity,
            one_off_capacity,
            prefetch_limit_of(len(self._held)),
        )

    def _apply(self, cycle_result: CycleResult) -> None:
        self._is_short_of_slots |= cycle_result.has_more_due
        if cycle_result.postponed:
            self._results += cycle_result.postponed
            self._waker.wake_after(POSTPONED_SECONDS)
        for lane in cycle_result.lost:
            self._release_lane(lane)
        for settlement in cycle_result.settled:
            settlement.apply()
            self._follow_up(settlement)
        now = self._clock.now()
        for lane in cycle_result.leased:
            self._held[lane] = self._slots.acquire(lane.destination, is_slow=not lane.last_succeeded, now=now)
            self._continue_lane(lane, cycle_result)
        for one_off in cycle_result.one_offs:
            self._start_one_off(one_off, cycle_result, now)
        if (cycle_result.has_more_due and self._slots.has_any) or (
            cycle_result.has_more_one_offs_due and self._one_off_slots.has_any
        ):
            # A batch is small, so that one destination does not get all slots at once: lease the next.
            self.wake()
        for settlement in cycle_result.settled:
            if settlement.is_kept:
                self._slots.restart(self._held[settlement.result.lane], now)
                self._continue_lane(settlement.result.lane, cycle_result)

    def _follow_up(self, settlement: Settlement) -> None:
        lane, outcome = settlement.result.lane, settlement.result.outcome
        if settlement.row.alert_since == 0:
            self._on_alert()
        if settlement.is_kept:
            return
        self._release_lane(lane)
        if outcome.is_gone:
            self._start(self._disable_gone(lane.key, settlement.result.head.sequence))
        elif lane.stalled:
            _log.warning("webhook stalled", account=lane.account_id, webhook=lane.webhook_id)
        elif settlement.result.wait:
            self._alarms.set(self._clock.now() + settlement.result.wait)

    def _release_lane(self, lane: LeasedLane) -> None:
        self._slots.release(self._held.pop(lane))
        if self._is_short_of_slots:
            # Lanes that found no slot may now get one.
            self._is_short_of_slots = False
            self.wake()

    def _continue_lane(self, lane: LeasedLane, cycle_result: CycleResult) -> None:
        lane.target = lane.target or cycle_result.targets.get(lane.key)
        lane.prefetched += cycle_result.payloads.get(lane.key, ())
        if lane.target is None or not lane.prefetched:
            # Between two statements the webhook was deleted, or its payloads were deleted by retention.
            self._release_lane(lane)
            return
        lane.sent_count += 1
        self._send_head(lane, lane.target)

    def _send_head(self, lane: LeasedLane, target: Target) -> None:
        message = compose(lane, target)
        sending = asyncio.ensure_future(self._sender.send(target, message))
        self._sending.add(sending)
        sending.add_done_callback(partial(self._end_send_of_head, lane, target, message))

    def _end_send_of_head(
        self, lane: LeasedLane, target: Target, message: Message, sending: "asyncio.Future[Outcome]"
    ) -> None:
        self._sending.discard(sending)
        if sending.cancelled():
            return
        try:
            outcome = sending.result()
            self._observer.attempt_finished(*message.attempt(lane.key, outcome))
            self._results.append(
                AttemptResult(
                    lane=lane,
                    payloads=message.payloads,
                    numbers=message.numbers,
                    webhook_name=target.name,
                    url=target.payload_uri,
                    outcome=outcome,
                    delay=None if outcome.is_success else self._retry_delay(lane, outcome),
                    keep=not self._waker.is_stopping
                    and not (self._is_short_of_slots and lane.sent_count >= MAX_CONSECUTIVE_SENDS),
                    pace=target.pace,
                    header_names=target.header_names,
                )
            )
        except Exception as error:  # noqa: BLE001 - raised again in ``run``
            self._failure = error
        self._waker.wake()
        if len(self._results) == self._gather_count:
            self._gathering.wake()

    def _retry_delay(self, lane: LeasedLane, outcome: Outcome) -> int | None:
        # Without its secret, the webhook needs a person.
        if lane.stalled or outcome.error == "secret":
            return None
        elapsed_seconds = lane.window_elapsed / SECOND + outcome.duration_ms / 1000
        delay = self._schedule.next_delay_seconds(
            lane.failures_count + 1, elapsed_seconds, outcome.retry_after_seconds, self._rng
        )
        return None if delay is None else round(delay * SECOND)

    def _start_one_off(self, one_off: OneOff, cycle_result: CycleResult, now: int) -> None:
        payload = (
            None if one_off.sequence is None else cycle_result.one_off_payloads.get((one_off.key, one_off.sequence))
        )
        target = cycle_result.targets.get(one_off.key)
        is_deleted = target is None or (one_off.sequence is not None and payload is None)
        if target is not None and not is_deleted:
            slot = self._one_off_slots.acquire(one_off.destination, is_slow=not one_off.last_succeeded, now=now)
            self._start(self._send_one_off(one_off, target, payload, slot))

    async def _send_one_off(self, one_off: OneOff, target: Target, payload: Payload | None, slot: Slot) -> None:
        if payload is None:
            type, body, more = one_off.content(target.name)
            outcome = await self._sender.post((one_off.payload_id, type, None, one_off.number), target, body, 1, *more)
            self._observer.attempt_finished(one_off.key, one_off.payload_id, type, one_off.number, outcome)
        else:
            message = Message([payload], [one_off.number], payload_body(one_off.webhook_id, target, payload))
            outcome = await self._sender.send(target, message)
            self._observer.attempt_finished(*message.attempt(one_off.key, outcome))
        self._one_off_slots.release(slot)
        # The next one of this webhook waits for it, and others may wait for a slot.
        self._is_woken = True
        self._one_off_results.append(
            OneOffResult(one_off, target.name, target.payload_uri, outcome, target.header_names)
        )
        self._waker.wake()

    async def _disable_gone(self, key: tuple[int, int], sequence: int) -> None:
        account_id, webhook_id = key
        try:
            if await self._database.write(account_id, self._disable_webhook, webhook_id, sequence):
                _log.warning("webhook disabled: receiver returned 410 Gone", account=account_id, webhook=webhook_id)
        except DatabaseUnavailable as error:
            # The next attempt will return 410 again.
            _log.warning("disabling of webhook postponed", account=account_id, webhook=webhook_id, error=str(error))

    async def _catch_up(self) -> None:
        try:
            await catching_up.finish_all(self._database, lambda: self._waker.is_stopping)
        except DatabaseUnavailable as error:
            _log.warning("catching up postponed", error=str(error))
        finally:
            self._is_catching_up = False

    def _start(self, run: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(run)
        self._sending.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            # A defect: end the worker visibly.
            self._failure = failure
            self._waker.wake()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._sending or self._results or self._one_off_results:
                    if self._results or self._one_off_results:
                        await self._run_cycle()
                    else:
                        await self._waker.wait()
                while await self._database.run(leases.release, self.id):
                    pass
        except (TimeoutError, DatabaseUnavailable):
            _log.warning("shutdown with deliveries in flight", lanes=len(self._held))

    async def _discard_work(self) -> None:
        for sending in [*self._sending]:
            sending.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        self._held.clear()
        self._slots, self._one_off_slots = Slots(self._limits.lanes), Slots(self._limits.one_offs)
        self._results.clear()
        self._one_off_results.clear()
