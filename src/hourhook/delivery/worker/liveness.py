"""Worker liveness: lanes of a dead worker are released immediately, not when their leases expire.

On PostgreSQL a worker holds an advisory lock under its id while it runs (``liveness_lock``); other workers probe the
lock. On SQLite there is only one worker (``docs/how-it-works.md#dead-workers``).
"""

import asyncio
import random
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from hourhook.delivery.worker import leases
from hourhook.delivery.worker.worker import Worker
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import is_postgresql

if TYPE_CHECKING:
    from hourhook.store.postgres import PostgresDatabase

_log = structlog.get_logger()

PAUSE_SECONDS = 1.0


async def supervise(database: Database, worker: Worker, rng: random.Random | None = None) -> None:
    """Run a worker until it is stopped, restarting it under a new id when its connection breaks."""
    rng = rng or random.SystemRandom()
    if not is_postgresql(database):
        if await _release_all(database, worker):
            await worker.run(_new_id(rng))
        return
    while not worker.is_stopping:
        try:
            await _run_with_lock(database, worker, _new_id(rng))
        except* DatabaseUnavailable as errors:
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


async def _run_with_lock(database: "PostgresDatabase", worker: Worker, id: int) -> None:
    from hourhook.delivery.worker.liveness_lock import holding_liveness_lock, watch

    async with holding_liveness_lock(database, id) as connection, asyncio.TaskGroup() as group:
        watch_task = group.create_task(watch(database, connection, worker.wake))
        await worker.run(id, partial(reap, database))
        watch_task.cancel()


def _new_id(rng: random.Random) -> int:
    return rng.getrandbits(62) + 1


_TRY_LOCK = Statement(text("SELECT pg_try_advisory_xact_lock(CAST(:worker AS BIGINT))"))
