"""How names become addresses: on threads of their own, so that a slow name server holds up nothing else.

The event loop's own resolving shares a few threads with everything that is handed to a thread; some names that
nobody answers for would fill them, and the threads could not be left behind when the process ends.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a host and a port into addresses, as text; raises ``OSError`` or ``UnicodeError`` where it cannot."""

_MOST_THREADS = 256


class SystemResolver:
    """Asks the machine's resolver, a thread for each question."""

    def __init__(self) -> None:
        """Make one for the running event loop."""
        self._slots = asyncio.Semaphore(_MOST_THREADS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Find the addresses of a host, in the order in which the machine would try them."""
        loop = asyncio.get_running_loop()
        async with self._slots:
            answer: asyncio.Future[Sequence[str]] = loop.create_future()
            threading.Thread(target=_look_up, args=(host, port, loop, answer), daemon=True).start()
            try:
                return await answer
            finally:
                # Its exception refers to this frame, and with it to a whole payload: no circle, or it waits for the
                # collector.
                del answer


def _look_up(host: str, port: int, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Sequence[str]]) -> None:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found: Sequence[str] | Exception = [str(info[4][0]) for info in infos]
    except (OSError, UnicodeError) as error:
        found = error
    if not loop.is_closed():
        loop.call_soon_threadsafe(_settle, answer, found)
    del answer, found


def _settle(answer: asyncio.Future[Sequence[str]], found: Sequence[str] | Exception) -> None:
    if answer.done():
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
    else:
        answer.set_result(found)
