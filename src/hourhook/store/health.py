"""Check that a database accepts writes, within a fixed time and apart from all other work.

The check has a thread and a connection of its own, so it waits behind no list and no queue
(``docs/operating/monitoring.md#health``).
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from hourhook.errors import DatabaseUnavailable

# Monitoring often gives up after two seconds.
ANSWER_SECONDS = 1.5
# How long a result is used again, because anybody may ask.
REUSE_SECONDS = 0.25


class HealthCheck:
    """Runs ``probe`` in its own thread, once at a time."""

    def __init__(self, probe: Callable[[], None]) -> None:
        """``probe`` writes to the database; it raises ``DatabaseUnavailable`` if that fails."""
        self._probe = probe
        self._executor = ThreadPoolExecutor(1, "health")
        self._running: Future[None] | None = None
        self._reusable_until = 0.0

    async def require_writable(self) -> None:
        """Raise ``DatabaseUnavailable`` if the database does not accept writes, or does not answer in time."""
        now = time.monotonic()
        running = self._running
        if running is None or (running.done() and now >= self._reusable_until):
            self._reusable_until = now + REUSE_SECONDS
            running = self._running = self._executor.submit(self._probe)
        # Not cancelled with this request, because others may wait for the same probe.
        finished = asyncio.Event()
        loop = asyncio.get_running_loop()

        def finish(_: object) -> None:
            # The loop may have ended meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(finished.set)

        running.add_done_callback(finish)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await finished.wait()
        except TimeoutError:
            raise DatabaseUnavailable(f"the database does not answer within {ANSWER_SECONDS:g} s") from None
        running.result()

    @property
    def is_running(self) -> bool:
        return self._running is not None and not self._running.done()

    def forget(self) -> None:
        """Probe again at the next request, because something has just failed."""
        self._reusable_until = 0.0

    def close(self, *, wait: bool) -> None:
        """End the thread; ``wait`` waits for a probe that runs."""
        self._executor.shutdown(wait=wait, cancel_futures=True)
