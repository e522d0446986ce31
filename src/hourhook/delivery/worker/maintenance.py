"""Maintenance: clear away what time has ended, round after round.

Besides retention these are *chores*, which the process brings along: each deletes one batch in a transaction of its
own, and says how many rows that were.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hourhook.clock import SECOND
from hourhook.delivery.retention import (
    accounts_with_old_events,
    delete_old_events,
    delete_old_one_offs,
    purge_deleted_webhooks,
)
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

ROUND_SECONDS = 60.0
CleanupTask = Callable[[Transaction], int]

_log = structlog.get_logger()


async def run_maintenance(
    database: Database, retention_seconds: float, cleanup_tasks: Sequence[CleanupTask] = ()
) -> None:
    """Clear away what is too old, round after round, until cancelled."""
    while True:
        try:
            await run_cleanup(database, retention_seconds, cleanup_tasks)
        except DatabaseUnavailable as error:
            _log.warning("maintenance postponed", error=str(error))
        await asyncio.sleep(ROUND_SECONDS)


async def run_cleanup(database: Database, retention_seconds: float, cleanup_tasks: Sequence[CleanupTask] = ()) -> int:
    """Clear away everything that is too old now, and what deleted webhooks left; returns how many events went."""
    while await database.run(purge_deleted_webhooks):
        pass
    # Not below 0, since no database holds what "for ever" may come to.
    horizon = max(0, database.clock.now() - round(retention_seconds * SECOND))
    cleared = 0
    for account_id in await database.read(accounts_with_old_events, horizon):
        while count := await database.write(account_id, delete_old_events, horizon):
            cleared += count
    while await database.run(delete_old_one_offs, horizon):
        pass
    for chore in cleanup_tasks:
        while await database.run(chore):
            pass
    return cleared
