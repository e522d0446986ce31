"""Shut a process down within ten seconds, whatever its requests and its database do.

From the signal on, new requests are answered with 503. Those in progress may finish for a few seconds; then they are
rolled back and answered with 503, or, if they have been committed, answered as usual. Deliveries end at the same time.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from hourhook.process.exits import exit_immediately

# How long requests in progress may continue.
REQUEST_SECONDS = 5.0
# How long they may then take to be rolled back and answered; the time that ``Database`` takes to give up is shorter.
CANCELLED_SECONDS = 2.5
# How long clients may then take to read their responses.
CONNECTION_SECONDS = 1


class Server(uvicorn.Server):
    """A server that reports its start and its stop, and exits immediately on a second SIGINT."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        on_start: Callable[[], None] = lambda: None,
        on_stop: Callable[[], None] = lambda: None,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        super().__init__(config)
        self._request_seconds = request_seconds
        self._on_start = on_start
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await self._finish_requests()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            exit_immediately()
        super().handle_exit(sig, frame)

    async def _finish_requests(self) -> None:
        tasks = self.server_state.tasks
        deadline = asyncio.get_running_loop().time() + self._request_seconds
        while tasks and (remaining := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait([*tasks], timeout=remaining)
        if tasks:
            cancelled = [*tasks]
            for task in cancelled:
                task.cancel()
            await asyncio.wait(cancelled, timeout=CANCELLED_SECONDS)
