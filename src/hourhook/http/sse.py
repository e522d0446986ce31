"""Server-Sent Events: a response that stays open and sends events as they come (the HTML standard, section 9.2)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.context import get_context

# Proxies close connections that are silent for 60 s or so.
HEARTBEAT_SECONDS = 15.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nginx would hold events back otherwise.
    (b"x-accel-buffering", b"no"),
]
_COMMENT = b":\n\n"


def encode_event(name: str, data: str = "", id: str | None = None) -> bytes:
    """Encode one event; ``data`` may have several lines."""
    lines = [f"event: {name}"]
    if id is not None:
        lines.append(f"id: {id}")
    lines += [f"data: {line}" for line in data.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


@dataclass(frozen=True, slots=True)
class EventStream:
    """A response that sends encoded events until they end or the client is gone, and a comment when there are none."""

    events: AsyncIterator[bytes]
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if get_context(scope).method == "HEAD":
            # It has no body, so that it would never end.
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send({"type": "http.response.body", "body": _COMMENT, "more_body": True})
        gone = asyncio.create_task(_wait_for_disconnect(receive))
        coming: asyncio.Task[bytes] | None = None
        try:
            while not gone.done():
                coming = coming or asyncio.ensure_future(anext(self.events))
                await asyncio.wait((gone, coming), timeout=self.heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED)
                body = _COMMENT
                if coming.done():
                    try:
                        body = coming.result()
                    except StopAsyncIteration:
                        break
                    coming = None
                if not gone.done():
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            for task in (gone, coming):
                await _cancel(task)
            await self.events.aclose()  # type: ignore[attr-defined]
        if not gone.done() or gone.cancelled():
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancel(task: "asyncio.Task[object] | asyncio.Task[bytes] | asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await task
