"""Wake a loop that sleeps until there is work, a timeout passes or the process ends."""

import asyncio

# By how much a timer may end a wait too early: the precision of the event loop.
TIMER_SECONDS = 0.001


class Waker:
    """The sleep of one loop. A wake-up that comes while the loop is busy is kept for its next wait."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._is_woken = False
        self._sleep: asyncio.Future[None] | None = None
        # When the current wait ends, by the time of the event loop; None if only a wake-up ends it.
        self._sleep_until: float | None = None
        self._timer: asyncio.TimerHandle | None = None

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
            self._sleep_until = None if timeout_seconds is None else loop.time() + timeout_seconds
            self._start_timer(loop)
            try:
                await self._sleep
            except asyncio.CancelledError:
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                raise
            finally:
                self._sleep = None
        is_woken, self._is_woken = self._is_woken, False
        return is_woken

    def _end_sleep(self) -> None:
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)

    def _start_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        # A timer of an earlier wait is kept if it is early enough: most waits end long before their timers.
        if self._sleep_until is None or (self._timer is not None and self._timer.when() <= self._sleep_until):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._sleep_until, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._sleep is None or self._sleep_until is None:
            return
        if loop.time() + TIMER_SECONDS < self._sleep_until:
            self._start_timer(loop)
        else:
            self._end_sleep()
