"""A webhook receiver whose responses a test controls, and which records the deliveries that arrive."""

import asyncio
import json
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tests.support.payload_schemas import assert_valid
from tests.support.receivers import ClientConnection, Handler, Receiver, Request, responding, running_receiver
from tests.support.servers import EventLoopThread

WAIT_TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Delivery:
    """One request that the receiver got."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the payload."""
        return self.headers["x-noko-delivery"]

    @property
    def sequence(self) -> int | None:
        """The sequence of the payload; None for a ping."""
        found = self.headers.get("x-hourhook-sequence")
        return None if found is None else int(found)

    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""
        return int(self.headers["x-hourhook-attempt"])

    @property
    def payload(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def type(self) -> str:
        """The event type."""
        name: str = self.payload["type"]
        return name


class WebhookReceiver:
    """A running receiver; ``handler``, which a test may change at any time, sends its responses."""

    def __init__(self, loop: EventLoopThread) -> None:
        self._loop = loop
        self.handler: Handler = responding()
        self.uri = ""
        self._arrived: queue.Queue[Delivery] = queue.Queue()

    def respond_with(self, status: int = 200, body: bytes = b"", headers: bytes = b"") -> None:
        """Send this response from now on."""
        self.handler = responding(status, body, headers)

    def next(self) -> Delivery:
        """Wait for the next delivery; a payload has to match its published schema."""
        delivery = self._arrived.get(timeout=WAIT_TIMEOUT_SECONDS)
        if delivery.headers["user-agent"] == "Noko-Webhooks":
            assert_valid(delivery.body)
        return delivery

    def next_deliveries(self, count: int) -> list[Delivery]:
        """Wait for the next ``count`` deliveries."""
        return [self.next() for _ in range(count)]

    def is_empty(self) -> bool:
        """Return whether the test has taken all deliveries that arrived."""
        return self._arrived.empty()

    def release(self, held: asyncio.Event) -> None:
        """Set an event on which a handler waits."""

        async def release() -> None:
            held.set()

        self._loop.run(release())

    async def serve(self, connection: ClientConnection) -> None:
        """Record a request, then let the handler respond."""
        handler = self.handler
        self._arrived.put(_delivery(connection.request))
        await handler(connection)


@contextmanager
def running_webhook_receiver(loop: EventLoopThread) -> Iterator[WebhookReceiver]:
    """Run a webhook receiver in an event loop."""
    webhook_receiver = WebhookReceiver(loop)
    running = running_receiver(webhook_receiver.serve)
    receiver: Receiver = loop.run(running.__aenter__())
    webhook_receiver.uri = receiver.uri()
    try:
        yield webhook_receiver
    finally:
        loop.run(running.__aexit__(None, None, None))


def eventually(query: Callable[[], object], expected: object) -> None:
    """Repeat a query until its result is the expected one, for changes that are recorded after a response is sent."""
    end = monotonic() + WAIT_TIMEOUT_SECONDS
    while (found := query()) != expected:
        assert monotonic() < end, f"{found!r} instead of {expected!r}"


def _delivery(request: Request) -> Delivery:
    return Delivery(request.headers, request.body)
