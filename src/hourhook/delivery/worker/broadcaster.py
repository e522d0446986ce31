"""The broadcaster: sends pending broadcasts a few seconds after the first change they cover.

A receiver gets its broadcasts one after the other, in the order of the changes; receivers do not wait for each other.
Results are logged and otherwise ignored: nothing is retried (``docs/how-it-works.md#broadcasts``).
"""

import asyncio
import contextlib
import uuid

import structlog

from hourhook.clock import SECOND, Clock
from hourhook.crypto import Keyring
from hourhook.delivery import broadcasts, envelope
from hourhook.delivery.broadcasts import Broadcast, ClaimedBroadcasts, Key
from hourhook.delivery.lane_control import destination_of
from hourhook.delivery.targets import Target
from hourhook.delivery.transports.transport import Transport
from hourhook.delivery.worker.observers import BroadcastObserver
from hourhook.delivery.worker.slots import BROADCAST_SLOTS, Slot, SlotLimits, Slots
from hourhook.delivery.worker.worker import DRAIN_SECONDS, PAUSE_SECONDS, SLOW_AFTER_SECONDS
from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.store.database import Database
from hourhook.waker import Waker

# The longest wait between two looks at the clock, which may be set.
MAX_WAIT_SECONDS = 1.0
# How long until rows locked by another process are tried again: about the duration of a commit.
POSTPONED_SECONDS = 0.01
BATCH = 64

_log = structlog.get_logger()


class Broadcaster:
    """A broadcaster; ``run`` runs until ``stop``."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        keyring: Keyring,
        *,
        interval_seconds: float,
        observer: BroadcastObserver,
        limits: SlotLimits = BROADCAST_SLOTS,
    ) -> None:
        self._database = database
        self._clock: Clock = database.clock
        self._transport = transport
        self._keyring = keyring
        self._interval = round(interval_seconds * SECOND)
        self._observer = observer
        self._slots = Slots(limits)
        # The ids of receivers with a send in flight.
        self._busy: set[int] = set()
        self._waker = Waker()
        self._next_look_at = 0

    def wake(self) -> None:
        """Check whether broadcasts are due; call it on the event loop."""
        # The database is not queried before the next look is due: recent changes are not due earlier.
        if self._is_time():
            self._waker.wake()

    def stop(self) -> None:
        """Finish the claimed broadcasts and end ``run``."""
        self._waker.stop()

    async def run(self) -> None:
        """Send pending broadcasts until ``stop``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as sends:
                while not self._waker.is_stopping:
                    await self._wait()
                    if not self._waker.is_stopping:
                        await self._send_due(sends)
                deadline.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)

    async def _wait(self) -> None:
        remaining_seconds = 0.0
        while not (await self._waker.wait(min(remaining_seconds, MAX_WAIT_SECONDS)) or self._is_time()):
            remaining_seconds = (self._next_look_at - self._clock.now()) / SECOND

    def _is_time(self) -> bool:
        # Also true if the clock was set back.
        return not 0 < self._next_look_at - self._clock.now() <= self._interval

    async def _send_due(self, sends: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        self._slots.mark_slow(now, round(SLOW_AFTER_SECONDS * SECOND))
        # Changes made after this look become due no earlier than this.
        self._next_look_at = now + self._interval
        limit = min(BATCH, self._slots.available(failing=False))
        claimed: list[ClaimedBroadcasts] = []
        busy, saturated = [*self._busy], self._slots.saturated
        try:
            waited = await self._database.read(broadcasts.longest_wait, busy, saturated)
            if waited is None or waited < self._interval:
                self._next_look_at = now + self._interval - (waited or 0)
                return
            if limit:
                claimed = await self._database.run(
                    broadcasts.claim, waited=self._interval, limit=limit, busy=busy, saturated=saturated
                )
        except DatabaseUnavailable as error:
            _log.warning("broadcasts postponed", error=str(error))
            self._waker.wake_after(PAUSE_SECONDS)
            return
        for receiver in claimed:
            self._busy.add(receiver.key[1])
            slot = self._slots.acquire(destination_of(receiver.target.payload_uri), is_slow=False, now=now)
            sends.create_task(self._send_all(receiver, slot))
        self._waker.wake_after(0 if claimed else POSTPONED_SECONDS if limit else SLOW_AFTER_SECONDS)

    async def _send_all(self, claimed: ClaimedBroadcasts, slot: Slot) -> None:
        try:
            target: Target | None = claimed.target
            for broadcast in claimed.broadcasts:
                # Sends take time, and the receiver's settings may change meanwhile.
                if broadcast is not claimed.broadcasts[0]:
                    target = await self._database.read(broadcasts.read_target, claimed.key)
                if target is None:
                    break
                await self._send(claimed.key, target, broadcast)
        except asyncio.CancelledError:
            self._log_dropped(claimed.key, "the process ended")
            raise
        except DatabaseUnavailable as error:
            self._log_dropped(claimed.key, str(error))
        finally:
            self._busy.discard(claimed.key[1])
            self._slots.release(slot)
            # For newly due broadcasts of this receiver, and for receivers that found no slot.
            self._waker.wake()

    def _log_dropped(self, key: Key, error: str) -> None:
        _log.warning("broadcasts dropped", account=key[0], broadcast_receiver=key[1], error=error)

    async def _send(self, key: Key, target: Target, broadcast: Broadcast) -> None:
        sent_at = self._clock.now()
        body = envelope.broadcast_body(
            key[1], target.name, sent_at, broadcast.last_event, broadcast.subject, broadcast.url
        )
        try:
            secret = self._keyring.decrypt(target.secret)
        except OperatorError as error:
            # Unlike for a payload, the process does not end: only the receiver's owner can create a new secret.
            _log.error("broadcast not signed", account=key[0], broadcast_receiver=key[1], error=str(error))
            return
        headers = envelope.broadcast_headers(str(uuid.uuid4()), broadcast.subject, sent_at, body, secret)
        outcome = await self._transport.send(target.payload_uri, headers, body)
        self._observer.broadcast_finished(key, broadcast.last_event, outcome)
