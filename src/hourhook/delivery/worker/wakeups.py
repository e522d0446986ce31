"""Wake-ups: hints that something became due. Losing one costs a poll's length and no event (design §2).

Inside a process a hint is a call; between processes on PostgreSQL it is a NOTIFY after the commit, on a connection of
its own and coalesced: a NOTIFY inside every transaction would serialise all commits.
"""

import asyncio
import contextlib
from collections.abc import Callable

import psycopg
import structlog

from hourhook.store.postgres import PostgresDatabase
from hourhook.waker import Waker

CHANNEL = "hourhook_due"

_log = structlog.get_logger()


class Wakeups:
    """Passes hints from whatever thread commits to who waits on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have somebody called, on the event loop, at every hint."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Say that something may be due; from any thread, at any time."""
        # A hint that comes after the loop has closed has nobody left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        for listener in self._listeners:
            listener()


class Notifier:
    """Passes hints on to the workers of other processes."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._waker = Waker()

    def wake(self) -> None:
        """Have the others told, soon."""
        self._waker.wake()

    async def run(self) -> None:
        """Tell the others of hints, until cancelled; hints that come while one is on its way become one."""
        connection: psycopg.AsyncConnection | None = None
        try:
            while True:
                await self._waker.wait()
                try:
                    connection = connection or await psycopg.AsyncConnection.connect(
                        self._database.url, autocommit=True, application_name="hourhook wake-ups"
                    )
                    await connection.execute(f"NOTIFY {CHANNEL}")
                except psycopg.Error as error:
                    # Their poll finds what is due; the next hint tries again on a fresh connection.
                    _log.warning("wake-up not sent", error=str(error))
                    if connection is not None:
                        await connection.close()
                    connection = None
        finally:
            if connection is not None:
                await connection.close()
