"""The queue for SQLite's one writer: requests and the engine take turns while both wait.

Each of the two is served in the order of arrival. One queue for all would give the engine, whose cycles come one after
the other, a single turn for as many as there are clients: an API at its limit would starve delivery.
"""

import asyncio
import time
from collections import deque


class WriterQueue:
    """A queue of writers on one event loop."""

    def __init__(self) -> None:
        # When the writer whose turn it is came (monotonic); None if there is none.
        self.arrived_at: float | None = None
        self.requests = WriterTurns(self)
        self.engine = WriterTurns(self)
        self.is_taken = False
        self._is_engines_turn = False

    def take(self, turns: "WriterTurns", arrived_at: float) -> None:
        """Begin a turn of one kind."""
        self.is_taken, self._is_engines_turn, self.arrived_at = True, turns is self.engine, arrived_at

    def pass_on(self) -> None:
        """End a turn, and give the next one to the other kind if it waits, or else to the same kind."""
        self.arrived_at = None
        kinds = (self.engine, self.requests)
        for turns in reversed(kinds) if self._is_engines_turn else kinds:
            if turns.wake_first():
                return
        self.is_taken = False


class WriterTurns:
    """The turns of one kind of writers, as a lock."""

    def __init__(self, queue: WriterQueue) -> None:
        self._queue = queue
        # With the time of their arrival.
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()

    def locked(self) -> bool:
        return self._queue.is_taken

    @property
    def is_awaited(self) -> bool:
        """Whether a writer of this kind waits for its turn; may be read in any thread."""
        return bool(self._waiting)

    async def acquire(self) -> None:
        """Wait for a turn, which lasts until ``release``."""
        arrived_at = time.monotonic()
        if not self._queue.is_taken:
            self._queue.take(self, arrived_at)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, arrived_at))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove((turn, arrived_at))
            else:
                # The turn came at the same moment.
                self.release()
            raise

    def release(self) -> None:
        """Give the turn to the next writer."""
        self._queue.pass_on()

    def wake_first(self) -> bool:
        """Begin the turn of the first writer that waits; return False if none does."""
        for turn, arrived_at in self._waiting:
            if not turn.done():
                self._waiting.remove((turn, arrived_at))
                self._queue.take(self, arrived_at)
                turn.set_result(None)
                return True
        return False
