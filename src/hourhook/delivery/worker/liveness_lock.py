"""The advisory lock that a worker on PostgreSQL holds under its id, on its own connection, while it runs.

The same connection receives wake-ups from other processes.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg

from hourhook.delivery.worker.notifier import CHANNEL
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlstates import translating_outages

CHECK_SECONDS = 2.0


@asynccontextmanager
async def holding_liveness_lock(database: PostgresDatabase, worker: int) -> AsyncIterator[psycopg.AsyncConnection]:
    """Hold a worker's liveness lock while the context is open; yields the connection that holds it.

    Raises ``DatabaseUnavailable``.
    """
    connection = await database.connect_async(f"hourhook worker {worker}")
    try:
        with translating_outages():
            await connection.execute("SELECT pg_advisory_lock(%s)", (worker,))
            await connection.execute(f"LISTEN {CHANNEL}")
        yield connection
    finally:
        with contextlib.suppress(psycopg.Error):
            await connection.close()


async def watch(database: PostgresDatabase, connection: psycopg.AsyncConnection, wake: Callable[[], None]) -> None:
    """Wake the worker when other processes ask for it, until cancelled.

    Raises ``DatabaseUnavailable`` once the connection is broken and with it the lock is lost: the worker must start
    again under a new id.
    """
    with translating_outages():
        while True:
            async for notification in connection.notifies(timeout=CHECK_SECONDS):
                # This process has woken its worker already. A cycle without work would cost as much as a delivery.
                if notification.pid != database.notifier_pid:
                    wake()
            await connection.execute("SELECT 1")
