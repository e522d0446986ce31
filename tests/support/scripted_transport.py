"""A transport controlled by the test: a request stays in flight until the test decides its outcome."""

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
from hourhook.delivery.worker.slots import DEFAULT_LIMITS, WorkerLimits
from hourhook.delivery.worker.wakeups import Wakeups
from hourhook.delivery.worker.worker import Worker
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from tests.support.dependencies import DEPENDENCIES

PATIENCE_SECONDS = 20
# Delays of 10, 20, 40 and then, at the cap, 40 seconds again; after the fifth or sixth failure the lane stalls.
SCHEDULE = RetrySchedule(base_seconds=10, cap_seconds=40, window_seconds=150)


@dataclass(eq=False)
class SentRequest:
    """One request in flight."""

    uri: str
    headers: dict[str, str]
    body: bytes
    _status: asyncio.Future[int | None]

    @property
    def payload_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def sequence(self) -> int | None:
        """The sequence of the payload; None for a ping."""
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
        """Respond with a status; None simulates a failed connection."""
        self._status.set_result(status)

    async def outcome(self) -> int | None:
        return await self._status


@dataclass
class FakeTransport:
    """Holds requests in flight, except those to a URI in ``responses``, which get that status at once."""

    database: Database
    responses: dict[str, int] = field(default_factory=dict)
    sent: list[SentRequest] = field(default_factory=list)
    # The attempts reported to the observer: payload id, number and status.
    observed: list[tuple[str, int, int | None]] = field(default_factory=list)
    _arrived: asyncio.Queue[SentRequest] = field(default_factory=asyncio.Queue)

    async def next(self) -> SentRequest:
        """Wait for the next request that is sent."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._arrived.get()

    async def take(self, count: int) -> list[SentRequest]:
        """Wait for the next ``count`` requests that are sent."""
        return [await self.next() for _ in range(count)]

    def is_quiet(self) -> bool:
        """Return whether the test has taken all requests that were sent."""
        return self._arrived.empty()

    async def send(
        self, uri: str, headers: list[tuple[str, str]], body: bytes, /, *, timeout_seconds: float | None = None
    ) -> Outcome:
        started_at = self.database.clock.now()
        request = SentRequest(uri, dict(headers), body, asyncio.get_running_loop().create_future())
        self.sent.append(request)
        self._arrived.put_nowait(request)
        if uri in self.responses:
            request.respond(self.responses[uri])
        status = await request.outcome()
        error: ErrorKind | None = "connect" if status is None else None if status < 300 else "status"
        return Outcome(status, error, started_at, 3)

    def attempt_finished(
        self,
        key: tuple[int, int],
        payload_id: str,
        type: str,
        number: int,
        outcome: Outcome,
        payloads_count: int = 1,
        /,
    ) -> None:
        self.observed.append((payload_id, number, outcome.status))


@dataclass
class RunningWorker:
    """A running worker and its task."""

    worker: Worker
    task: asyncio.Task[None]

    async def crash(self) -> None:
        """Stop the worker as a crash does: requests in flight are never settled."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def stop(self) -> None:
        """Stop the worker gracefully."""
        self.worker.stop()
        await self.task


@asynccontextmanager
async def running_worker(
    database: Database,
    transport: Transport,
    network: FakeTransport,
    keyring: Keyring = DEPENDENCIES.keyring,
    limits: WorkerLimits = DEFAULT_LIMITS,
) -> AsyncIterator[RunningWorker]:
    """Run a worker; it crashes at the end if the test has not stopped it."""
    worker = Worker(
        database,
        transport,
        keyring,
        SCHEDULE,
        lease_seconds=60,
        observer=network,
        limits=limits,
        rng=random.Random(1),
    )
    wakeups = Wakeups()
    wakeups.subscribe(worker.wake)
    database.wake = wakeups.wake
    running = RunningWorker(worker, asyncio.create_task(supervise(database, worker)))
    try:
        yield running
    finally:
        if not running.task.done():
            await running.crash()


async def eventually(database: Database, query: Callable[[Transaction], object], expected: object) -> None:
    """Repeat a query until its result is the expected one; raises ``AssertionError`` after ``PATIENCE_SECONDS``."""
    found: object = None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (found := await database.read(query)) != expected:
                pass
    except TimeoutError:
        raise AssertionError(f"{found!r} instead of {expected!r}") from None
