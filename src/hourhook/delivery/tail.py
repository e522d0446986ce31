"""Follow event logs: one reader per process serves all followers.

A follower gets every event after its position once, in order, and can resume at any position. While nothing happens,
followers execute no statement: the reader is woken by the commits of this process and, on PostgreSQL, by notifications
of others, and looks for lost ones once a second, in one statement for all accounts that are followed. New events are
read once for all followers of an account; one that is behind reads from the database until it has caught up
(``docs/how-it-works.md#followers``).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select

from hourhook.delivery.event_log import selects
from hourhook.delivery.log_reading import LoggedEvent, first_position, last_position, read_after
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction
from hourhook.waker import Waker

# How long a lost wake-up can delay an event, and how long a follower can outlast its rights.
POLL_SECONDS = 1.0
RIGHTS_SECONDS = 3.0
# Events read at once, and those kept for the followers of one account.
BATCH_EVENTS = 500
BUFFER_EVENTS = 1_000
BUFFER_BYTES = 2_000_000

# The account and the id of a token, and the function that returns which of them may still read the log.
Credential = tuple[int, int]
FindEntitled = Callable[[Transaction, Collection[Credential]], set[Credential]]

_log = structlog.get_logger()


class FollowingEnded(Exception):
    """A follower must stop: the process does, its rights have ended, or events that it needs are deleted."""


@dataclass(eq=False, slots=True)
class Follower:
    """One reader of an account's log, or of its events of some types; it has read everything up to ``position``."""

    account_id: int
    position: int
    credential: Credential
    # As ``event_log.selects`` takes them; None for all.
    types: Collection[str] | None
    _tail: "Tail"
    _waker: Waker = field(default_factory=Waker)
    _is_ended: bool = False

    async def read(self, timeout_seconds: float | None = None) -> Sequence[LoggedEvent]:
        """Return the next events as soon as there are any; none if there are none in time.

        Raises ``FollowingEnded`` and ``DatabaseUnavailable``.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout_seconds is None else loop.time() + timeout_seconds
        while True:
            is_behind = True
            while is_behind:
                found, is_behind = await self._tail.next_events(self)
                if found:
                    return found
            if not await self._waker.wait(None if deadline is None else deadline - loop.time()):
                return ()

    def wake(self) -> None:
        """Let the follower look for events, or for the reason why it must stop."""
        self._waker.wake()

    def end(self) -> None:
        """Make it stop before it reads any further."""
        self._is_ended = True
        self._waker.wake()

    @property
    def is_ended(self) -> bool:
        return self._is_ended

    def selects(self, event: LoggedEvent) -> bool:
        return self.types is None or selects(self.types, event.type)


@dataclass(slots=True)
class _FollowedLog:
    """The newest events of an account with followers: those after ``start``, up to ``position``."""

    start: int
    position: int
    events: deque[LoggedEvent] = field(default_factory=deque)
    size: int = 0
    followers: set[Follower] = field(default_factory=set)

    def append(self, found: Sequence[LoggedEvent]) -> None:
        for event in found:
            self.events.append(event)
            self.size += event.size
            self.position = event.position
        while len(self.events) > BUFFER_EVENTS or (self.size > BUFFER_BYTES and len(self.events) > 1):
            dropped = self.events.popleft()
            self.size -= dropped.size
            self.start = dropped.position

    def after(self, position: int) -> list[LoggedEvent]:
        # Positions have no gaps.
        first = position - self.start
        return [self.events[index] for index in range(first, min(first + BATCH_EVENTS, len(self.events)))]


class Tail:
    """The reader of one process. ``run`` must run while there are followers."""

    def __init__(
        self,
        database: Database,
        find_entitled: FindEntitled,
        *,
        poll_seconds: float = POLL_SECONDS,
        rights_seconds: float = RIGHTS_SECONDS,
    ) -> None:
        self._database = database
        self._find_entitled = find_entitled
        self._logs: dict[int, _FollowedLog] = {}
        self._waker = Waker()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopped = False
        self._poll_seconds = poll_seconds
        self._rights_seconds = rights_seconds
        self._rights_checked_at = 0.0

    def notify(self, account_id: int) -> None:
        """Wake the reader if the account has followers; may be called from any thread at any time."""
        if account_id in self._logs and self._loop is not None:
            # After the loop has closed there is nothing left to wake.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._waker.wake)

    def wake(self) -> None:
        """Wake the reader, since another process may have written; must be called on the event loop."""
        if self._logs:
            self._waker.wake()

    def stop(self) -> None:
        """End all followers, at once and for good."""
        self._is_stopped = True
        self._waker.stop()
        for log in self._logs.values():
            for follower in log.followers:
                follower.wake()

    @contextmanager
    def follow(
        self, account_id: int, position: int, token_id: int, log_position: int, types: Collection[str] | None = None
    ) -> Iterator[Follower]:
        """Follow a log from ``position`` on; ``log_position`` is one that the log has certainly reached."""
        log = self._logs.get(account_id)
        if log is None:
            log = self._logs[account_id] = _FollowedLog(log_position, log_position)
        follower = Follower(account_id, position, (account_id, token_id), types, self)
        log.followers.add(follower)
        self._waker.wake()
        try:
            yield follower
        finally:
            log.followers.discard(follower)
            if not log.followers and self._logs.get(account_id) is log:
                del self._logs[account_id]

    async def run(self) -> None:
        """Read for the followers until ``stop``."""
        self._loop = asyncio.get_running_loop()
        while not self._is_stopped:
            await self._waker.wait(self._poll_seconds if self._logs else None)
            if not self._logs or self._is_stopped:
                continue
            try:
                await self._read()
            except DatabaseUnavailable as error:
                _log.warning("followers wait for the database", reason=str(error))
                await asyncio.sleep(self._poll_seconds)
                self._waker.wake()

    async def next_events(self, follower: Follower) -> tuple[Sequence[LoggedEvent], bool]:
        """Advance a follower over the known events, and return those that it selects and whether more may follow.

        One that is behind reads from the database. Raises ``FollowingEnded``.
        """
        log = self._logs[follower.account_id]
        if self._is_stopped or follower.is_ended:
            raise FollowingEnded
        if follower.position < log.start:
            found, position = await self._database.read(self._catch_up, follower)
            follower.position = position
            return found, True
        if follower.position >= log.position:
            return (), False
        known = log.after(follower.position)
        follower.position = known[-1].position
        return [event for event in known if follower.selects(event)], follower.position < log.position

    async def _read(self) -> None:
        now = asyncio.get_running_loop().time()
        is_rights_check = now - self._rights_checked_at >= self._rights_seconds
        cursors = {account_id: log.position for account_id, log in self._logs.items()}
        credentials = {
            account_id: {follower.credential for follower in log.followers} for account_id, log in self._logs.items()
        }
        found, checked, entitled = await self._database.read(self._find_new, cursors, credentials, is_rights_check)
        if is_rights_check:
            self._rights_checked_at = now
        for account_id, log in self._logs.items():
            for follower in log.followers:
                if follower.credential in checked - entitled:
                    follower.end()
            events = found.get(account_id)
            if not events:
                continue
            if events[0].position > log.position + 1:
                # What is missing was deleted while the database could not be read: followers must begin anew.
                for follower in log.followers:
                    follower.end()
            # Otherwise the log may have got its first follower, and so another position, while this read.
            elif events[0].position == log.position + 1:
                log.append(events)
                for follower in log.followers:
                    follower.wake()
                if len(events) == BATCH_EVENTS:
                    self._waker.wake()

    def _find_new(
        self, tx: Transaction, cursors: dict[int, int], credentials: dict[int, set[Credential]], is_rights_check: bool
    ) -> tuple[dict[int, list[LoggedEvent]], set[Credential], set[Credential]]:
        """Return the new events of each log that has any, the credentials that were checked, and those entitled."""
        rows = tx.all(_POSITIONS, ids=[*cursors])
        advanced = [row.id for row in rows if row.last_position > cursors[row.id]]
        found = {id: read_after(tx, id, cursors[id], BATCH_EVENTS) for id in advanced}
        checked = {each for id in (cursors if is_rights_check else advanced) for each in credentials[id]}
        return found, checked, self._find_entitled(tx, checked) if checked else set()

    def _catch_up(self, tx: Transaction, follower: Follower) -> tuple[list[LoggedEvent], int]:
        """Return the events that come next, and up to where a follower has then read; raises ``FollowingEnded``."""
        is_deleted = first_position(tx, follower.account_id) > follower.position + 1
        if is_deleted or not self._find_entitled(tx, {follower.credential}):
            raise FollowingEnded
        found = read_after(tx, follower.account_id, follower.position, BATCH_EVENTS, follower.types)
        is_all = len(found) < BATCH_EVENTS
        return found, last_position(tx, follower.account_id) if is_all else found[-1].position


_POSITIONS = Statement(select(accounts.c.id, accounts.c.last_position).where(any_of(accounts.c.id, "ids")))
