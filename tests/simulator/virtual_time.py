"""Virtual time: an event loop that advances to its next timer without waiting, and clocks that follow it."""

import asyncio
import selectors
from collections.abc import Callable

from hourhook.clock import SECOND
from tests.support.clocks import START


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that runs everything that is ready, and then advances its time to the next timer."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(_VirtualSelector(self._advance))

    def time(self) -> float:
        return self.seconds

    def _advance(self, seconds: float) -> None:
        self.seconds += seconds


class _VirtualSelector(selectors.SelectSelector):
    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("deadlock: no task is ready and no timer is set")
        self._advance(timeout)
        return []


class VirtualTime:
    """The time of the database in one run, which is that of its loop plus all shifts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._offset = 0

    def shift(self, seconds: float) -> None:
        """Set every clock forward or back; the loop's time stays the same."""
        self._offset += round(seconds * SECOND)

    def now(self) -> int:
        return START + round(self._loop.time() * SECOND) + self._offset

    @property
    def elapsed_seconds(self) -> float:
        """The duration of the run so far, regardless of shifts."""
        return self._loop.time()


class LocalClock:
    """The clock of one process's machine, with an offset."""

    def __init__(self, virtual_time: VirtualTime, clock_offset_seconds: float) -> None:
        self._virtual_time = virtual_time
        self._offset = round(clock_offset_seconds * SECOND)

    def shift(self, seconds: float) -> None:
        """Set this clock only forward or back."""
        self._offset += round(seconds * SECOND)

    def now(self) -> int:
        return self._virtual_time.now() + self._offset
