"""Record when tokens were last used: at most hourly for each token, and in the background."""

import asyncio

import structlog

from hourhook.clock import SECOND
from hourhook.domain.callers import Caller, record_last_used
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.executions import request_work

UPDATE_INTERVAL = 3600 * SECOND

# How long the end of the process waits for the last record.
FINISH_SECONDS = 0.5

log = structlog.get_logger(__name__)


class LastUsedRecorder:
    """Writes the time of last use after the response, so that no request waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    def record(self, caller: Caller) -> None:
        """Record that the caller's token is in use, unless that was written within the last hour."""
        now, last = self._database.shared_clock.now(), caller.token_last_used_at
        # A time that is far in the future was set by a clock that was ahead.
        if caller.token_id is None or (last is not None and abs(now - last) < UPDATE_INTERVAL):
            return
        self._waiting.add(caller.token_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())

    async def finish(self) -> None:
        """Wait until everything recorded is written, but not for a database that is busy or gone."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=FINISH_SECONDS)
            # The next use records it.
            self._task.cancel()

    async def _write(self) -> None:
        # This task outlives the request that started it.
        request_work.set(None)
        while self._waiting:
            ids = [*self._waiting]
            try:
                await self._database.run(record_last_used, ids)
            except DatabaseUnavailable as error:
                # The next use records it.
                log.warning("could not record token use", reason=str(error))
                self._waiting.clear()
            self._waiting.difference_update(ids)
