"""Whether workers live: so that the lanes of a dead one are free at once, not when their leases run out.

On PostgreSQL a worker holds an advisory lock under its id, on a connection of its own, as long as it lives; others
probe it. The same connection hears the hints of other processes. Embedded there is one worker, and nobody to ask.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import psycopg
import structlog
from sqlalchemy import text

from hourhook.delivery.worker import leases
from hourhook.delivery.worker.wakeups import CHANNEL
from hourhook.delivery.worker.worker import Worker
from hourhook.errors import CommitUnknown
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

_log = structlog.get_logger()

CHECK_SECONDS = 2.0
PAUSE_SECONDS = 1.0
# Short, so that the server soon sees a machine that vanished without a word.
KEEPALIVE: dict[str, Any] = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


class LivenessLost(Exception):
    """The connection that proves a worker's life broke: it must stop sending, and begin anew under another id."""


async def supervise(database: Database, worker: Worker, rng: random.Random | None = None) -> None:
    """Run a worker until it is stopped, as many lives as that takes."""
    rng = rng or random.SystemRandom()
    if not isinstance(database, PostgresDatabase):
        # The only worker there is: whoever holds a lease is dead.
        await database.run(leases.release_all)
        await worker.run(_new_id(rng))
        return
    while not worker.is_stopping:
        try:
            await _live(database, worker, _new_id(rng))
        except* (LivenessLost, CommitUnknown, psycopg.Error) as lost:
            _log.warning("worker lost its database connection", error=str(lost.exceptions[0]))
            await asyncio.sleep(PAUSE_SECONDS)


def reap_dead_workers(tx: Transaction, worker: int, now: int) -> int:
    """Free what dead workers hold, and what is held too long; ``worker`` is the one who asks. Returns how much."""
    freed = leases.release_expired(tx, worker, now)
    for other in leases.lease_holders(tx) - {worker}:
        if tx.value(_TRY_LOCK, worker=other):
            freed += leases.release(tx, other)
    return freed


async def reap(database: Database, worker: Worker) -> None:
    """Have a worker see to the lanes of others that died; it does so once a poll."""
    if await database.read(leases.lease_holders) - {worker.id}:
        freed = await database.run(reap_dead_workers, worker.id, database.clock.now())
        if freed:
            _log.warning("took over lanes from a dead worker", count=freed)
            worker.wake()


@asynccontextmanager
async def holding_liveness_lock(database: PostgresDatabase, worker: int) -> AsyncIterator[psycopg.AsyncConnection]:
    """Have a worker be alive, for all to see, as long as the context lasts; gives the connection that proves it."""
    connection = await psycopg.AsyncConnection.connect(
        database.url, autocommit=True, application_name=f"hourhook worker {worker}", **KEEPALIVE
    )
    try:
        await connection.execute("SELECT pg_advisory_lock(%s)", (worker,))
        await connection.execute(f"LISTEN {CHANNEL}")
        yield connection
    finally:
        with contextlib.suppress(psycopg.Error):
            await connection.close()


async def _live(database: PostgresDatabase, worker: Worker, id: int) -> None:
    async with holding_liveness_lock(database, id) as connection, asyncio.TaskGroup() as group:
        watching = group.create_task(_watch(connection, worker.wake))
        await worker.run(id, partial(reap, database))
        watching.cancel()


async def _watch(connection: psycopg.AsyncConnection, wake: Callable[[], None]) -> None:
    try:
        while True:
            async for _ in connection.notifies(timeout=CHECK_SECONDS):
                wake()
            await connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise LivenessLost(str(error)) from error


def _new_id(rng: random.Random) -> int:
    return rng.getrandbits(62) + 1


_TRY_LOCK = Statement(text("SELECT pg_try_advisory_xact_lock(CAST(:worker AS BIGINT))"))
