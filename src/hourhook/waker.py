"""Wake a loop that sleeps until there is work, a timeout passes or the process ends."""

import asyncio


class Waker:
    """The sleep of one loop. A wake-up that comes while the loop is busy is kept for its next wait."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._is_woken = False
        self._sleep: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """End the current wait, or the next one."""
        self._is_woken = True
        self._end_sleep()

    def wake_after(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.wake)

    def stop(self) -> None:
        """Wake the loop for the last time."""
        self.is_stopping = True
        self.wake()

    async def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for a wake-up and consume it; return False if there was none within ``timeout_seconds``.

        Without time left it returns at once, and does not yield to the event loop.
        """
        if not self._is_woken and (timeout_seconds is None or timeout_seconds > 0):
            # Without ``asyncio.timeout``, which costs several times as much, for each cycle of a worker.
            loop = asyncio.get_running_loop()
            self._sleep = loop.create_future()
            timer = None if timeout_seconds is None else loop.call_later(timeout_seconds, self._end_sleep)
            try:
                await self._sleep
            finally:
                self._sleep = None
                if timer is not None:
                    timer.cancel()
        is_woken, self._is_woken = self._is_woken, False
        return is_woken

    def _end_sleep(self) -> None:
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)
