"""A network in the test's hand: what is sent stays on the wire until the test says what came of it."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from hourhook.backoff import RetrySchedule
from hourhook.crypto import Keyring
from hourhook.delivery.transports.outcomes import ErrorKind, Outcome
from hourhook.delivery.transports.transport import Transport
from hourhook.delivery.worker.liveness import supervise
from hourhook.delivery.worker.wakeups import Wakeups
from hourhook.delivery.worker.worker import Worker
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from tests.support.dependencies import DEPENDENCIES

PATIENCE_SECONDS = 20
# Doubled after each failure: 10, 20, 40 and, at the cap, 40 again; the fifth or sixth failure is the last.
SCHEDULE = RetrySchedule(base_seconds=10, cap_seconds=40, window_seconds=150)


@dataclass(eq=False)
class SentRequest:
    """One request on the wire."""

    uri: str
    headers: dict[str, str]
    body: bytes
    _answered: asyncio.Future[int | None]

    @property
    def payload_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def sequence(self) -> int | None:
        """The place in the order; None for a ping."""
        found = self.headers.get("X-Hourhook-Sequence")
        return None if found is None else int(found)

    @property
    def attempt(self) -> int:
        return int(self.headers["X-Hourhook-Attempt"])

    @property
    def payload(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def respond(self, status: int | None = 200) -> None:
        """Have the receiver answer so; None breaks the connection."""
        self._answered.set_result(status)

    async def outcome(self) -> int | None:
        return await self._answered


@dataclass
class FakeTransport:
    """Carries requests; ``responses`` says which URIs are answered at once, and how, while the others wait."""

    database: Database
    responses: dict[str, int] = field(default_factory=dict)
    sent: list[SentRequest] = field(default_factory=list)
    # Who was told of each attempt: payload id, number and status.
    observed: list[tuple[str, int, int | None]] = field(default_factory=list)
    _arrived: asyncio.Queue[SentRequest] = field(default_factory=asyncio.Queue)

    async def next(self) -> SentRequest:
        """What was sent next; waits for it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._arrived.get()

    async def take(self, count: int) -> list[SentRequest]:
        """What was sent next; waits for so many."""
        return [await self.next() for _ in range(count)]

    def is_quiet(self) -> bool:
        """Whether everything that was sent was taken."""
        return self._arrived.empty()

    async def send(self, uri: str, headers: list[tuple[str, str]], body: bytes, /) -> Outcome:
        started_at = self.database.clock.now()
        sending = SentRequest(uri, dict(headers), body, asyncio.get_running_loop().create_future())
        self.sent.append(sending)
        self._arrived.put_nowait(sending)
        if uri in self.responses:
            sending.respond(self.responses[uri])
        status = await sending.outcome()
        error: ErrorKind | None = "connect" if status is None else None if status < 300 else "status"
        return Outcome(status, error, started_at, 3)

    def attempt_finished(
        self, key: tuple[int, int], payload_id: str, type: str, number: int, outcome: Outcome, /
    ) -> None:
        self.observed.append((payload_id, number, outcome.status))


@dataclass
class RunningWorker:
    """A worker at work."""

    worker: Worker
    task: asyncio.Task[None]

    async def crash(self) -> None:
        """End it as a crash does: whatever is on the wire is never settled."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def stop(self) -> None:
        """End it in good order."""
        self.worker.stop()
        await self.task


@asynccontextmanager
async def running_worker(
    database: Database, transport: Transport, network: FakeTransport, keyring: Keyring = DEPENDENCIES.keyring
) -> AsyncIterator[RunningWorker]:
    """Have a worker work; it is killed in the end, if it has not ended before."""
    worker = Worker(database, transport, keyring, SCHEDULE, lease_seconds=60, observer=network, rng=random.Random(1))
    wakeups = Wakeups()
    wakeups.subscribe(worker.wake)
    database.wake = wakeups.wake
    running = RunningWorker(worker, asyncio.create_task(supervise(database, worker)))
    try:
        yield running
    finally:
        if not running.task.done():
            await running.crash()


async def eventually(database: Database, ask: Callable[[Transaction], object], expected: object) -> None:
    """Ask the database until the answer is the expected one."""
    found: object = None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (found := await database.read(ask)) != expected:
                pass
    except TimeoutError:
        raise AssertionError(f"{found!r} instead of {expected!r}") from None
