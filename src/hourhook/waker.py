"""Wake a loop that sleeps until there is work, a timeout passes or the process ends."""

import asyncio
import contextlib


class Waker:
    """The sleep of one loop. A wake-up that comes while the loop is busy is kept for its next wait."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.is_stopping = False

    def wake(self) -> None:
        """End the current wait, or the next one."""
        self._event.set()

    def wake_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._event.set)

    def stop(self) -> None:
        """Wake the loop for the last time."""
        self.is_stopping = True
        self._event.set()

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for a wake-up and consume it; return False if there was none within ``timeout_seconds``.

        Without time left it returns at once, and does not yield to the event loop.
        """
        if not self._event.is_set() and (timeout_seconds is None or timeout_seconds > 0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self._event.wait()
        is_woken = self._event.is_set()
        self._event.clear()
        return is_woken
