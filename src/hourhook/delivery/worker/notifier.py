"""Send wake-ups to the workers of other processes on a PostgreSQL database.

A wake-up is a coalesced NOTIFY after the commit, on a separate connection: a NOTIFY inside every transaction would
serialize all commits (``docs/decisions/0009-wake-ups-can-be-lost.md``).
"""

import psycopg
import structlog

from hourhook.errors import DatabaseUnavailable
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlstates import translating_outages
from hourhook.waker import Waker

CHANNEL = "hourhook_due"

_log = structlog.get_logger()


class Notifier:
    """Send wake-ups to the workers of other processes."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._waker = Waker()

    def wake(self) -> None:
        """Send a wake-up soon."""
        self._waker.wake()

    async def run(self) -> None:
        """Send wake-ups until cancelled; those requested while one is being sent are merged."""
        connection: psycopg.AsyncConnection | None = None
        try:
            while True:
                await self._waker.wait()
                try:
                    with translating_outages():
                        if connection is None:
                            connection = await self._database.connect_async("hourhook wake-ups")
                            self._database.notifier_pid = connection.info.backend_pid
                        await connection.execute(f"NOTIFY {CHANNEL}")
                except DatabaseUnavailable as error:
                    # Other processes find due lanes when they poll; the next wake-up opens a new connection.
                    _log.warning("wake-up not sent", error=str(error))
                    if connection is not None:
                        await connection.close()
                    connection = None
                    self._database.notifier_pid = 0
        finally:
            if connection is not None:
                await connection.close()
