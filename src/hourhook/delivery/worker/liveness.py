"""Worker liveness: lanes of a dead worker are released immediately, not when their leases expire.

On PostgreSQL a worker holds an advisory lock under its id, on its own connection, while it runs; other workers probe
the lock. The same connection receives wake-ups from other processes. On SQLite there is only one worker
(``docs/how-it-works.md#dead-workers``).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import psycopg
import structlog
from sqlalchemy import text

from hourhook.delivery.worker import leases
from hourhook.delivery.worker.wakeups import CHANNEL
from hourhook.delivery.worker.worker import Worker
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlstates import outage_of, translating_outages
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

_log = structlog.get_logger()

CHECK_SECONDS = 2.0
PAUSE_SECONDS = 1.0


class LivenessLost(Exception):
    """The connection that holds the liveness lock broke: the worker must stop and start again under a new id."""


async def supervise(database: Database, worker: Worker, rng: random.Random | None = None) -> None:
    """Run a worker until it is stopped, restarting it under a new id when its connection breaks."""
    rng = rng or random.SystemRandom()
    if not isinstance(database, PostgresDatabase):
        if await _release_all(database, worker):
            await worker.run(_new_id(rng))
        return
    while not worker.is_stopping:
        try:
            await _run_with_lock(database, worker, _new_id(rng))
        except* (LivenessLost, DatabaseUnavailable) as errors:
            _log.warning("worker lost its database connection", error=str(errors.exceptions[0]))
            await asyncio.sleep(PAUSE_SECONDS)


def reap_dead_workers(tx: Transaction, worker: int) -> int:
    """Release the leases of dead workers and expired leases, on behalf of ``worker``; return how many."""
    released = leases.release_expired(tx, worker)
    for other in leases.lease_holders(tx) - {worker}:
        if tx.value(_TRY_LOCK, worker=other):
            released += leases.release(tx, other)
    return released


async def reap(database: Database, worker: Worker) -> None:
    """Release the leases of dead workers; called once per poll."""
    if await database.read(leases.lease_holders) - {worker.id}:
        released = await database.run(reap_dead_workers, worker.id)
        if released:
            _log.warning("took over lanes from a dead worker", count=released)
            worker.wake()


async def _release_all(database: Database, worker: Worker) -> bool:
    """Release all leases, once the database allows it; return False if the worker was stopped before."""
    while not worker.is_stopping:
        try:
            # This is the only worker, so all existing leases belong to dead ones.
            await database.run(leases.release_all)
        except DatabaseUnavailable as error:
            _log.warning("worker start postponed", error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return True
    return False


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


async def _run_with_lock(database: PostgresDatabase, worker: Worker, id: int) -> None:
    async with holding_liveness_lock(database, id) as connection, asyncio.TaskGroup() as group:
        watch_task = group.create_task(_watch(database, connection, worker.wake))
        await worker.run(id, partial(reap, database))
        watch_task.cancel()


async def _watch(database: PostgresDatabase, connection: psycopg.AsyncConnection, wake: Callable[[], None]) -> None:
    try:
        while True:
            async for notification in connection.notifies(timeout=CHECK_SECONDS):
                # This process has woken its worker already. A cycle without work would cost as much as a delivery.
                if notification.pid != database.notifier_pid:
                    wake()
            await connection.execute("SELECT 1")
    except psycopg.Error as error:
        if (outage := outage_of(error)) is None:
            raise
        raise LivenessLost(str(outage)) from error


def _new_id(rng: random.Random) -> int:
    return rng.getrandbits(62) + 1


_TRY_LOCK = Statement(text("SELECT pg_try_advisory_xact_lock(CAST(:worker AS BIGINT))"))
