"""A receiver for webhooks whose answers a test decides, one after the other, and which tells what has arrived."""

import asyncio
import json
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tests.support.receivers import Caller, Receiver, Request, Script, answering, receiving
from tests.support.servers import Loop

PATIENCE_SECONDS = 20


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


class Postbox:
    """A running receiver; it answers by ``script``, which a test may change at any time."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.script: Script = answering()
        self.uri = ""
        self._arrived: queue.Queue[Delivery] = queue.Queue()

    def answer(self, status: int = 200, body: bytes = b"", headers: bytes = b"") -> None:
        """Answer so from now on."""
        self.script = answering(status, body, headers)

    def next(self) -> Delivery:
        """What arrived next; waits for it."""
        return self._arrived.get(timeout=PATIENCE_SECONDS)

    def take(self, count: int) -> list[Delivery]:
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

    async def serve(self, caller: Caller) -> None:
        """Take a request and answer it."""
        script = self.script
        self._arrived.put(_delivery(caller.request))
        await script(caller)


@contextmanager
def opened(loop: Loop) -> Iterator[Postbox]:
    """Run a postbox in an event loop."""
    postbox = Postbox(loop)
    running = receiving(postbox.serve)
    receiver: Receiver = loop.run(running.__aenter__())
    postbox.uri = receiver.uri()
    try:
        yield postbox
    finally:
        loop.run(running.__aexit__(None, None, None))


def eventually(ask: Callable[[], object], expected: object) -> None:
    """Ask until the answer is the expected one; what happened behind an answer takes a moment to be written down."""
    end = monotonic() + PATIENCE_SECONDS
    while (found := ask()) != expected:
        assert monotonic() < end, f"{found!r} instead of {expected!r}"


def _delivery(request: Request) -> Delivery:
    return Delivery(request.headers, request.body)
