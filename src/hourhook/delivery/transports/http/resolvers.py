"""DNS resolution on separate threads, so that a slow name server delays no other sends.

The event loop's own resolver shares a few threads with ``asyncio.to_thread``: a few names that time out would occupy
all of them, and those threads would also delay the end of the process.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host and a port to addresses, as text; raises ``OSError`` or ``UnicodeError`` if it cannot."""

_MAX_THREADS = 256


class SystemResolver:
    """The system's resolver, with a thread for each lookup."""

    def __init__(self) -> None:
        """Create a resolver for the running event loop."""
        self._slots = asyncio.Semaphore(_MAX_THREADS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, in the order in which the system would try them."""
        loop = asyncio.get_running_loop()
        async with self._slots:
            result: asyncio.Future[Sequence[str]] = loop.create_future()
            threading.Thread(target=_look_up, args=(host, port, loop, result), daemon=True).start()
            try:
                return await result
            finally:
                # The exception refers to this frame, and so to a whole payload: break the reference cycle, or it stays
                # until the garbage collector runs.
                del result


def _look_up(host: str, port: int, loop: asyncio.AbstractEventLoop, result: asyncio.Future[Sequence[str]]) -> None:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found: Sequence[str] | Exception = [str(info[4][0]) for info in infos]
    except (OSError, UnicodeError) as error:
        found = error
    if not loop.is_closed():
        loop.call_soon_threadsafe(_settle, result, found)
    del result, found


def _settle(result: asyncio.Future[Sequence[str]], found: Sequence[str] | Exception) -> None:
    if result.done():
        return
    if isinstance(found, Exception):
        result.set_exception(found)
    else:
        result.set_result(found)
