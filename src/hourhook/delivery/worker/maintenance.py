"""Maintenance: apply retention and run cleanup tasks, once a minute.

A cleanup task is passed in by the process; it deletes one batch in its own transaction and returns how many rows.
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

INTERVAL_SECONDS = 60.0
CleanupTask = Callable[[Transaction], int]

_log = structlog.get_logger()


async def run_maintenance(
    database: Database, retention_seconds: float, cleanup_tasks: Sequence[CleanupTask] = ()
) -> None:
    """Delete expired data once per interval, until cancelled."""
    while True:
        try:
            await run_cleanup(database, retention_seconds, cleanup_tasks)
        except DatabaseUnavailable as error:
            _log.warning("maintenance postponed", error=str(error))
        await asyncio.sleep(INTERVAL_SECONDS)


async def run_cleanup(database: Database, retention_seconds: float, cleanup_tasks: Sequence[CleanupTask] = ()) -> int:
    """Delete all data that has expired, and what deleted webhooks left; return how many events were deleted."""
    while await database.run(purge_deleted_webhooks):
        pass
    # At least 0: an "infinite" retention period must not exceed the range of a column.
    horizon = max(0, database.shared_clock.now() - round(retention_seconds * SECOND))
    deleted = 0
    for account_id in await database.read(accounts_with_old_events, horizon):
        while count := await database.write(account_id, delete_old_events, horizon):
            deleted += count
    while await database.run(delete_old_one_offs, horizon):
        pass
    for task in cleanup_tasks:
        while await database.run(task):
            pass
    return deleted
