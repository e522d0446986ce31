"""Time that nobody waits for: an event loop that leaps from one moment to the next, and clocks that follow it."""

import asyncio
import selectors
from collections.abc import Callable

from hourhook.clock import SECOND
from tests.support.clocks import START


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that runs what is ready and, when nothing is, leaps to the next timer."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(_Leaping(self._leap))

    def time(self) -> float:
        return self.seconds

    def _leap(self, seconds: float) -> None:
        self.seconds += seconds


class _Leaping(selectors.SelectSelector):
    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is left that anybody waits for")
        self._leap(timeout)
        return []


class VirtualTime:
    """The time of one run: that of its loop, plus what people have moved the clocks by."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._moved = 0

    def shift(self, seconds: float) -> None:
        """Move every clock, forward or back, in no time at all."""
        self._moved += round(seconds * SECOND)

    def now(self) -> int:
        return START + round(self._loop.time() * SECOND) + self._moved

    @property
    def elapsed_seconds(self) -> float:
        """How long the run has lasted, whatever the clocks say."""
        return self._loop.time()


class LocalClock:
    """The clock of one machine, which is a little off."""

    def __init__(self, virtual_time: VirtualTime, clock_offset_seconds: float) -> None:
        self._virtual_time = virtual_time
        self._off = round(clock_offset_seconds * SECOND)

    def now(self) -> int:
        return self._virtual_time.now() + self._off
