"""Wake-ups: hints that something became due. A lost one costs a poll interval, and loses no event.

Inside a process a wake-up is a call; ``notifier`` sends them to the workers of other processes.
"""

import asyncio
import contextlib
from collections.abc import Callable


class Wakeups:
    """Relay wake-ups from the thread that commits to subscribers on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._subscribers: list[Callable[[], None]] = []

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        """Register a function to be called on the event loop at each wake-up."""
        self._subscribers.append(subscriber)

    def wake(self) -> None:
        """Wake the subscribers; may be called from any thread at any time."""
        # After the loop has closed there is nothing left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._relay)

    def _relay(self) -> None:
        for subscriber in self._subscribers:
            subscriber()
