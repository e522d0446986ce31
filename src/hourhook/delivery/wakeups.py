"""Wake-ups: hints that something became due. Losing one costs a poll's length and no event (design §2).

Inside a process a hint is a call; between processes on PostgreSQL it is a NOTIFY after the commit, on a connection of
its own and coalesced: a NOTIFY inside every transaction would serialise all commits.
"""

import asyncio
import contextlib

import psycopg
import structlog

from hourhook.store.postgres import PostgresDatabase

CHANNEL = "hourhook_due"
_log = structlog.get_logger()


class Wakeups:
    """Passes hints from whatever thread commits to whoever waits on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._hinted = asyncio.Event()

    def hint(self) -> None:
        """Say that something may be due; from any thread, at any time."""
        # A hint that comes after the loop has closed has nobody left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._hinted.set)

    async def wait(self, timeout_seconds: float) -> bool:
        """Wait for a hint, or until the time is up; returns whether one came. Hints that came before count."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._hinted.wait()
        except TimeoutError:
            return False
        self._hinted.clear()
        return True


async def notify_others(database: PostgresDatabase, wakeups: Wakeups) -> None:
    """Pass every hint of this process on to the workers of others, until cancelled."""
    connection: psycopg.AsyncConnection | None = None
    try:
        while True:
            if not await wakeups.wait(timeout_seconds=3600):
                continue
            try:
                connection = connection or await psycopg.AsyncConnection.connect(database.url, autocommit=True)
                await connection.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error as error:
                # Their poll finds what is due; the next hint tries again on a fresh connection.
                _log.warning("hint not passed on", error=str(error))
                if connection is not None:
                    await connection.close()
                connection = None
    finally:
        if connection is not None:
            await connection.close()
