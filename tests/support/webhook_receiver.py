"""A receiver for webhooks whose answers a test decides, one after the other, and which tells what has arrived."""

import asyncio
import json
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tests.support.receivers import ClientConnection, Handler, Receiver, Request, responding, running_receiver
from tests.support.servers import EventLoopThread

WAIT_TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Delivery:
    """One request that has arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the payload."""
        return self.headers["x-noko-delivery"]

    @property
    def sequence(self) -> int | None:
        """The place of the payload in the order; None for a ping."""
        found = self.headers.get("x-hourhook-sequence")
        return None if found is None else int(found)

    @property
    def attempt(self) -> int:
        """Which attempt of the payload this is."""
        return int(self.headers["x-hourhook-attempt"])

    @property
    def payload(self) -> dict[str, Any]:
        """The body, parsed."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def type(self) -> str:
        """What has happened."""
        name: str = self.payload["type"]
        return name


class WebhookReceiver:
    """A running receiver; it answers by ``handler``, which a test may change at any time."""

    def __init__(self, loop: EventLoopThread) -> None:
        self._loop = loop
        self.handler: Handler = responding()
        self.uri = ""
        self._arrived: queue.Queue[Delivery] = queue.Queue()

    def respond_with(self, status: int = 200, body: bytes = b"", headers: bytes = b"") -> None:
        """Answer so from now on."""
        self.handler = responding(status, body, headers)

    def next(self) -> Delivery:
        """What arrived next; waits for it."""
        return self._arrived.get(timeout=WAIT_TIMEOUT_SECONDS)

    def next_deliveries(self, count: int) -> list[Delivery]:
        """What arrived next; waits for so many."""
        return [self.next() for _ in range(count)]

    def is_empty(self) -> bool:
        """Whether everything that has arrived was taken."""
        return self._arrived.empty()

    def release(self, held: asyncio.Event) -> None:
        """Let a script go on that waits for this."""

        async def release() -> None:
            held.set()

        self._loop.run(release())

    async def serve(self, connection: ClientConnection) -> None:
        """Take a request and answer it."""
        handler = self.handler
        self._arrived.put(_delivery(connection.request))
        await handler(connection)


@contextmanager
def running_webhook_receiver(loop: EventLoopThread) -> Iterator[WebhookReceiver]:
    """Run a postbox in an event loop."""
    webhook_receiver = WebhookReceiver(loop)
    running = running_receiver(webhook_receiver.serve)
    receiver: Receiver = loop.run(running.__aenter__())
    webhook_receiver.uri = receiver.uri()
    try:
        yield webhook_receiver
    finally:
        loop.run(running.__aexit__(None, None, None))


def eventually(ask: Callable[[], object], expected: object) -> None:
    """Ask until the answer is the expected one; what happened behind an answer takes a moment to be written down."""
    end = monotonic() + WAIT_TIMEOUT_SECONDS
    while (found := ask()) != expected:
        assert monotonic() < end, f"{found!r} instead of {expected!r}"


def _delivery(request: Request) -> Delivery:
    return Delivery(request.headers, request.body)
