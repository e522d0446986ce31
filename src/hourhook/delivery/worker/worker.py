"""The worker: leases due lanes, sends their heads, settles what came of it; over and over, for all lanes at once.

No transaction is open while a request is on the wire, and a lane's next payload is not sent before the last result is
settled. So a crash repeats at most one payload of each lane, with the same payload id (design §2).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from hourhook.backoff import Schedule
from hourhook.clock import SECOND, Clock
from hourhook.crypto import Vault
from hourhook.delivery import envelope, lane_control
from hourhook.delivery.targets import Target
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.cycles import Room, Turn, Turned, take_turn
from hourhook.delivery.worker.lanes import Lane
from hourhook.delivery.worker.one_off_deliveries import Errand, ErrandResult
from hourhook.delivery.worker.readahead import EventCache, Payload
from hourhook.delivery.worker.settlements import Result, Settled
from hourhook.delivery.worker.slots import Seat, Seats
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from hourhook.store.database import Database

POLL_SECONDS = 1.0
LEASE_BATCH = 96
ERRANDS = 64
SLOW_AFTER_SECONDS = 1.0
# How many payloads of one lane in a row, while others wait for a seat.
TURN_LENGTH = 64
RENEW_EACH = 4
# Until a lane that somebody had locked is tried again: about as long as a commit takes.
POSTPONED_SECONDS = 0.002
GATHER_SECONDS = 0.004
GATHER_SHARE = 0.75
DRAIN_SECONDS = 7.0
PAUSE_SECONDS = 0.5

_log = structlog.get_logger()


class Sends(Protocol):
    """What carries a payload to its receiver; the sender, or the simulator's network."""

    async def send(self, uri: str, headers: list[tuple[str, str]], body: bytes, /) -> Outcome:
        """Send once; raises for nothing that the network or a receiver can do."""
        ...


class Observer(Protocol):
    """Who is told of every attempt, for logs and figures."""

    def attempt_finished(
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Outcome, /
    ) -> None:
        """An attempt came to its end."""
        ...


class Worker:
    """One worker; ``work`` runs until ``stop``."""

    def __init__(
        self,
        database: Database,
        sender: Sends,
        vault: Vault,
        schedule: Schedule,
        *,
        lease_seconds: float,
        observer: Observer,
        chance: random.Random | None = None,
    ) -> None:
        self.id = 0
        self._database = database
        self._clock: Clock = database.clock
        self._sender = sender
        self._vault = vault
        self._schedule = schedule
        self._lease = round(lease_seconds * SECOND)
        self._observer = observer
        self._chance = chance or random.SystemRandom()
        self._cache = EventCache()
        self._seats = Seats()
        self._held: dict[Lane, Seat] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._errands_count = 0
        self._results: list[Result] = []
        self._errand_results: list[ErrandResult] = []
        self._stirred = asyncio.Event()
        self._has_gathered = asyncio.Event()
        self._wanted_count = 0
        self._is_hinted = True
        self._is_short_of_seats = False
        self._is_stopping = False
        self._next_due: int | None = None
        self._polled_at = 0
        self._renewed_at = 0
        self._failure: BaseException | None = None

    def hint(self) -> None:
        """Say, on the event loop, that something may be due."""
        self._is_hinted = True
        self._stirred.set()

    def stop(self) -> None:
        """Have the worker finish what is on the wire, give its leases back and end."""
        self._is_stopping = True
        self._stirred.set()

    @property
    def is_stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._is_stopping

    async def work(self, id: int, look_after: Callable[["Worker"], Awaitable[None]] | None = None) -> None:
        """Deliver, under leases in the name of ``id``, until ``stop``; ``look_after`` is called once a poll."""
        self.id = id
        self._is_hinted = True
        try:
            while not self._is_stopping:
                await self._wait()
                await self._poll(look_after)
                await self._gather_results()
                if self._is_hinted or self._results or self._errand_results:
                    await self._turn()
            await self._drain()
        finally:
            await self._abandon()

    async def _wait(self) -> None:
        now = self._clock.now()
        wake_at = self._polled_at + round(POLL_SECONDS * SECOND)
        if self._next_due is not None:
            wake_at = min(wake_at, self._next_due)
        if wake_at > now and not self._stirred.is_set():
            try:
                # Never longer than from poll to poll, also where the clock was set back.
                async with asyncio.timeout(min((wake_at - now) / SECOND, POLL_SECONDS)):
                    await self._stirred.wait()
            except TimeoutError:
                pass
        self._stirred.clear()
        if self._failure is not None:
            raise self._failure
        if self._next_due is not None and self._next_due <= self._clock.now():
            self._next_due = None
            self._is_hinted = True

    async def _gather_results(self) -> None:
        # Where many sends are about to come back, a moment's patience makes one commit serve most of them.
        self._wanted_count = int(self._seats.ordinary_count * GATHER_SHARE)
        if self._results and len(self._results) < self._wanted_count:
            self._has_gathered.clear()
            try:
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._has_gathered.wait()
            except TimeoutError:
                pass

    async def _poll(self, look_after: Callable[["Worker"], Awaitable[None]] | None) -> None:
        now = self._clock.now()
        if 0 <= now - self._polled_at < round(POLL_SECONDS * SECOND):
            return
        self._polled_at = now
        self._seats.slow_down(now - round(SLOW_AFTER_SECONDS * SECOND))
        try:
            if self._held and now >= self._renewed_at + self._lease // RENEW_EACH:
                self._renewed_at = now
                await self._database.run(leases.renew, self.id, now + self._lease)
            if look_after is not None:
                await look_after(self)
            if not self._is_hinted:
                self._is_hinted = await self._database.read(leases.is_any_due, now)
        except DatabaseUnavailable as error:
            _log.warning("poll failed", error=str(error))

    async def _turn(self) -> None:
        results, self._results = self._results, []
        errand_results, self._errand_results = self._errand_results, []
        room = self._room() if self._is_hinted and not self._is_stopping else Room()
        self._is_short_of_seats |= bool(room.saturated)
        self._is_hinted = False
        now = self._clock.now()
        token = self._chance.getrandbits(62) + 1
        turn = Turn(self.id, token, now, now + self._lease, results, errand_results, room)
        try:
            turned = await self._database.run(take_turn, turn, self._cache)
        except CommitUnknown:
            # There may be leases now that nobody knows of: end this life, so that they are freed as a dead worker's.
            raise
        except DatabaseUnavailable as error:
            _log.warning("turn postponed", error=str(error), results=len(results))
            self._results[:0] = results
            self._errand_results[:0] = errand_results
            self._is_hinted = True
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            self._apply(turned)

    def _room(self) -> Room:
        return Room(
            ordinary=min(LEASE_BATCH, self._seats.free(failing=False)),
            failing=min(LEASE_BATCH, self._seats.free(failing=True)),
            errands=ERRANDS - self._errands_count,
            saturated=tuple(self._seats.saturated),
        )

    def _apply(self, turned: Turned) -> None:
        self._is_short_of_seats |= turned.is_more_due
        if turned.postponed:
            self._results += turned.postponed
            asyncio.get_running_loop().call_later(POSTPONED_SECONDS, self._stirred.set)
        for lane in turned.lost:
            self._let_go(lane)
        for one in turned.settled:
            one.apply()
            self._follow_up(one)
        now = self._clock.now()
        for lane in turned.leased:
            self._held[lane] = self._seats.take(lane.destination, is_slow=not lane.last_succeeded, now=now)
            self._go_on(lane, turned)
        for errand in turned.errands:
            self._run_errand(errand, turned)
        for one in turned.settled:
            if one.is_kept:
                self._seats.begin(self._held[one.result.lane], now)
                self._go_on(one.result.lane, turned)

    def _follow_up(self, one: Settled) -> None:
        lane, outcome = one.result.lane, one.result.outcome
        if one.is_kept:
            return
        self._let_go(lane)
        if outcome.is_gone:
            self._start(self._disable_gone(lane.key, one.result.payload.sequence))
        elif lane.stalled:
            _log.warning("webhook stalled", account=lane.account_id, webhook=lane.webhook_id)
        elif one.result.due_at is not None and not outcome.is_success:
            self._next_due = min(self._next_due or one.result.due_at, one.result.due_at)

    def _let_go(self, lane: Lane) -> None:
        self._seats.leave(self._held.pop(lane))
        if self._is_short_of_seats:
            # For whatever found none.
            self._is_short_of_seats = False
            self.hint()

    def _go_on(self, lane: Lane, turned: Turned) -> None:
        lane.target = lane.target or turned.targets.get(lane.key)
        lane.waiting += turned.payloads.get(lane.key, ())
        if lane.target is None or not lane.waiting:
            # The webhook was deleted, or its payloads lost to retention, between two statements.
            self._let_go(lane)
            return
        lane.sent_count += 1
        self._start(self._send_head(lane, lane.target, lane.waiting[0]))

    async def _send_head(self, lane: Lane, target: Target, payload: Payload) -> None:
        is_replayed = payload.sequence <= lane.replayed_through
        number = (payload.attempts_before if is_replayed else lane.attempts_count) + 1
        outcome = await self._send(lane.key, target, payload, number)
        self._results.append(
            Result(
                lane=lane,
                payload=payload,
                number=number,
                webhook_name=target.name,
                url=target.payload_uri,
                outcome=outcome,
                due_at=None if outcome.is_success else self._next_attempt_at(lane, outcome),
                keep=not self._is_stopping and not (self._is_short_of_seats and lane.sent_count >= TURN_LENGTH),
            )
        )
        self._stirred.set()
        if len(self._results) >= self._wanted_count:
            self._has_gathered.set()

    def _next_attempt_at(self, lane: Lane, outcome: Outcome) -> int | None:
        if lane.stalled:
            return None
        return self._schedule.next_attempt_at(
            lane.failures_count + 1,
            lane.window_started_at or outcome.started_at,
            self._clock.now(),
            outcome.retry_after_seconds,
            self._chance,
        )

    def _run_errand(self, errand: Errand, turned: Turned) -> None:
        self._errands_count += 1
        payload = None if errand.sequence is None else turned.resent.get((errand.key, errand.sequence))
        target = turned.targets.get(errand.key)
        is_gone = target is None or (errand.sequence is not None and payload is None)
        if target is not None and not is_gone:
            self._start(self._send_errand(errand, target, payload))
        else:
            self._errands_count -= 1

    async def _send_errand(self, errand: Errand, target: Target, payload: Payload | None) -> None:
        if payload is None:
            body = envelope.ping_body(errand.payload_id, errand.created_at, errand.webhook_id, target.name)
            outcome = await self._post(errand.payload_id, "webhook.ping", None, errand.number, target, body)
            self._observer.attempt_finished(errand.key, errand.payload_id, "webhook.ping", errand.number, outcome)
        else:
            outcome = await self._send(errand.key, target, payload, errand.number)
        self._errands_count -= 1
        self._errand_results.append(ErrandResult(errand, target.name, target.payload_uri, outcome))
        self._stirred.set()

    async def _send(self, key: tuple[int, int], target: Target, payload: Payload, number: int) -> Outcome:
        event = payload.event
        body = envelope.body(key[1], target.name, event.type, event.created_at, event.changes, event.object)
        outcome = await self._post(payload.payload_id, event.type, payload.sequence, number, target, body)
        self._observer.attempt_finished(key, payload.payload_id, event.type, number, outcome)
        return outcome

    async def _post(
        self, payload_id: str, type: str, sequence: int | None, number: int, target: Target, body: bytes
    ) -> Outcome:
        secret = self._vault.open(target.secret)
        headers = envelope.headers(payload_id, type, sequence, number, self._clock.now(), body, secret)
        return await self._sender.send(target.payload_uri, headers, body)

    async def _disable_gone(self, key: tuple[int, int], sequence: int) -> None:
        account_id, webhook_id = key
        try:
            if await self._database.write(account_id, lane_control.disable_gone, webhook_id, sequence):
                _log.warning("webhook disabled: its receiver is gone", account=account_id, webhook=webhook_id)
        except DatabaseUnavailable as error:
            # The schedule asks the receiver once more, and its 410 comes back here.
            _log.warning("webhook not disabled yet", account=account_id, webhook=webhook_id, error=str(error))

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            # A defect: let it end the worker, in the open.
            self._failure = failure
            self._stirred.set()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._sending or self._results or self._errand_results:
                    if self._results or self._errand_results:
                        await self._turn()
                    else:
                        self._stirred.clear()
                        await self._stirred.wait()
                while await self._database.run(leases.release, self.id):
                    pass
        except (TimeoutError, DatabaseUnavailable):
            _log.warning("left to the leases", lanes=len(self._held))

    async def _abandon(self) -> None:
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        self._errands_count = 0
        self._held.clear()
        self._seats = Seats()
        self._results.clear()
        self._errand_results.clear()
