"""The queue for password hashing: few hashes at a time, and a bounded number of requests that wait for one.

A hash takes 64 MiB of memory and a whole core for tens of milliseconds, by design. Without a bound, a flood of requests
with passwords would make every later one wait for minutes.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MAX_CONCURRENT_HASHES = 2
# Two at a time, they wait for two seconds at most on a usual machine.
MAX_WAITING = 64
RETRY_AFTER_SECONDS = 2


class HashQueueFull(Exception):
    """Too many requests wait for a hash: the client should repeat its request after ``RETRY_AFTER_SECONDS``."""


class HashQueue:
    """The hashes of one process."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_HASHES)
        self._requests = 0

    async def run(self, function: Callable[..., T], *arguments: object, is_privileged: bool = False) -> T:
        """Call a function that hashes in a thread, outside of transactions.

        Raises ``HashQueueFull``. Privileged requests may wait in as many places again, so that a flood of others
        does not keep them out.
        """
        places = MAX_CONCURRENT_HASHES + MAX_WAITING * (2 if is_privileged else 1)
        if self._requests >= places:
            raise HashQueueFull
        self._requests += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(function, *arguments)
        finally:
            self._requests -= 1
