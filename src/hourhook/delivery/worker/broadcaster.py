"""The flusher: tells receivers what has changed, a few seconds after the first change that they were not told of.

A receiver is told one thing after the other, in the order of the changes; receivers do not wait for each other. What
comes of it is written down and otherwise ignored: nothing is tried again (contract, broadcast_receivers.md).
"""

import asyncio
import contextlib
import uuid
from typing import Protocol

import structlog

from hourhook.clock import SECOND, Clock
from hourhook.crypto import Keyring
from hourhook.delivery import broadcasts, envelope
from hourhook.delivery.broadcasts import Broadcast, ClaimedBroadcasts, Key
from hourhook.delivery.lane_control import destination_of
from hourhook.delivery.targets import Target
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker.slots import Slot, Slots
from hourhook.delivery.worker.worker import DRAIN_SECONDS, PAUSE_SECONDS, SLOW_AFTER_SECONDS, Transport
from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.store.database import Database
from hourhook.waker import Waker

# The longest wait without a glance at the clock, which may be set.
STRETCH_SECONDS = 1.0
# Until what somebody had locked is tried again: about as long as a commit takes.
POSTPONED_SECONDS = 0.01
BATCH = 64

_log = structlog.get_logger()


class BroadcastObserver(Protocol):
    """Who hears of every broadcast, for logs and figures."""

    def broadcast_finished(self, key: Key, last_event: str, outcome: Outcome, /) -> None:
        """A receiver was told, or was not to be reached."""
        ...


class Broadcaster:
    """Tells receivers; ``run`` runs until ``stop``."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        keyring: Keyring,
        *,
        interval_seconds: float,
        observer: BroadcastObserver,
    ) -> None:
        self._database = database
        self._clock: Clock = database.clock
        self._transport = transport
        self._keyring = keyring
        self._interval = round(interval_seconds * SECOND)
        self._observer = observer
        self._slots = Slots()
        # The ids of receivers that are being told something.
        self._busy: set[int] = set()
        self._waker = Waker()
        self._look_at = 0

    def wake(self) -> None:
        """Have the clock looked at, on the event loop."""
        # The database is not asked before it is time: what has changed by now is not due earlier than the next look.
        if self._is_time():
            self._waker.wake()

    def stop(self) -> None:
        """Have the flusher finish what was taken, and end."""
        self._waker.stop()

    async def run(self) -> None:
        """Tell receivers what has changed, until ``stop``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as sent:
                while not self._waker.is_stopping:
                    await self._wait()
                    if not self._waker.is_stopping:
                        await self._look(sent)
                patience.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)

    async def _wait(self) -> None:
        left_seconds = 0.0
        while not (await self._waker.wait(min(left_seconds, STRETCH_SECONDS)) or self._is_time()):
            left_seconds = (self._look_at - self._clock.now()) / SECOND

    def _is_time(self) -> bool:
        # It is also where the clock was set back.
        return not 0 < self._look_at - self._clock.now() <= self._interval

    async def _look(self, sent: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        self._slots.mark_slow(now - round(SLOW_AFTER_SECONDS * SECOND))
        # What changes after this look is due after this.
        self._look_at = now + self._interval
        limit = min(BATCH, self._slots.available(failing=False))
        taken: list[ClaimedBroadcasts] = []
        busy, saturated = [*self._busy], self._slots.saturated
        try:
            since = await self._database.read(broadcasts.waiting_since, busy, saturated)
            if since is None or since + self._interval > now:
                self._look_at = min(self._look_at, (since or now) + self._interval)
                return
            if limit:
                taken = await self._database.run(
                    broadcasts.claim, waiting_since=now - self._interval, limit=limit, busy=busy, saturated=saturated
                )
        except DatabaseUnavailable as error:
            _log.warning("broadcasts postponed", error=str(error))
            self._look_again(PAUSE_SECONDS)
            return
        for one in taken:
            self._busy.add(one.key[1])
            slot = self._slots.acquire(destination_of(one.target.payload_uri), is_slow=False, now=now)
            sent.create_task(self._tell(one, slot))
        self._look_again(0 if taken else POSTPONED_SECONDS if limit else SLOW_AFTER_SECONDS)

    def _look_again(self, after_seconds: float) -> None:
        self._waker.wake_after(after_seconds)

    async def _tell(self, taken: ClaimedBroadcasts, slot: Slot) -> None:
        try:
            target: Target | None = taken.target
            for broadcast in taken.broadcasts:
                # A send takes its time, and the receiver may be another meanwhile.
                if broadcast is not taken.broadcasts[0]:
                    target = await self._database.read(broadcasts.read_target, taken.key)
                if target is None:
                    break
                await self._send(taken.key, target, broadcast)
        except asyncio.CancelledError:
            self._give_up(taken.key, "the process ended")
            raise
        except DatabaseUnavailable as error:
            self._give_up(taken.key, str(error))
        finally:
            self._busy.discard(taken.key[1])
            self._slots.release(slot)
            # For what has become due to it meanwhile, and for whoever found no seat.
            self._waker.wake()

    def _give_up(self, key: Key, error: str) -> None:
        _log.warning("broadcasts dropped", account=key[0], broadcast_receiver=key[1], error=error)

    async def _send(self, key: Key, target: Target, broadcast: Broadcast) -> None:
        sent_at = self._clock.now()
        body = envelope.broadcast_body(
            key[1], target.name, sent_at, broadcast.last_event, broadcast.subject, broadcast.url
        )
        try:
            secret = self._keyring.decrypt(target.secret)
        except OperatorError as problem:
            # Not worth ending for, as it is for a payload: nobody but the receiver's owner can make a new secret.
            _log.error("broadcast not signed", account=key[0], broadcast_receiver=key[1], error=str(problem))
            return
        headers = envelope.broadcast_headers(str(uuid.uuid4()), broadcast.subject, sent_at, body, secret)
        outcome = await self._transport.send(target.payload_uri, headers, body)
        self._observer.broadcast_finished(key, broadcast.last_event, outcome)
