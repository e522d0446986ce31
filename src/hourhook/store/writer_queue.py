"""The queue for SQLite's one writer: requests and the engine take turns while both wait.

Each of the two is served in the order of arrival. One queue for all would give the engine, whose cycles come one after
the other, a single turn for as many as there are clients: an API at its limit would starve delivery.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_Waiting = deque[asyncio.Future[None]]


class WriterQueue:
    """A queue of writers on one event loop."""

    def __init__(self) -> None:
        # When the writer whose turn it is came (monotonic); None if there is none.
        self.arrived_at: float | None = None
        self._requests: _Waiting = deque()
        self._engine: _Waiting = deque()
        self._is_taken = False
        self._is_engines_turn = False

    @asynccontextmanager
    async def turn(self, *, is_engine: bool) -> AsyncIterator[None]:
        """Wait for a turn, which lasts until the context is left."""
        arrived_at = time.monotonic()
        await self._acquire(is_engine=is_engine)
        self.arrived_at = arrived_at
        try:
            yield
        finally:
            self.arrived_at = None
            self._pass_on()

    async def _acquire(self, *, is_engine: bool) -> None:
        if not self._is_taken:
            self._is_taken, self._is_engines_turn = True, is_engine
            return
        waiting = self._engine if is_engine else self._requests
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                waiting.remove(turn)
            else:
                # The turn came at the same moment.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the other kind if it waits, or else to the same kind."""
        kinds = (self._engine, self._requests)
        for waiting in reversed(kinds) if self._is_engines_turn else kinds:
            for turn in waiting:
                if not turn.done():
                    waiting.remove(turn)
                    self._is_engines_turn = waiting is self._engine
                    turn.set_result(None)
                    return
        self._is_taken = False
