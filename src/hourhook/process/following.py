"""Run the reader of event logs, and tell followers and pages which accounts this and other processes have changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from hourhook.delivery.tail import Tail
from hourhook.delivery.write_notifications import WriteNotifications
from hourhook.domain.callers import find_entitled
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase

# Awaits a task that must not fail, by its name.
Supervise = Callable[[str, Awaitable[None]], Awaitable[None]]


def make_tail(database: Database) -> Tail:
    """Create the reader of the process's followers."""
    return Tail(database, find_entitled)


@asynccontextmanager
async def following(
    database: Database, tail: Tail, subscribers: Sequence[Callable[[int], None]], supervise: Supervise
) -> AsyncIterator[None]:
    """Run the reader while the context is open; ``subscribers`` are called with each account that changed.

    They may be called from any thread.
    """

    def on_write(account_id: int) -> None:
        for subscriber in subscribers:
            subscriber(account_id)

    work = [supervise("reader of event logs", tail.run())]
    added = [on_write]
    if isinstance(database, PostgresDatabase):
        notifications = WriteNotifications(database, on_write)
        added.append(notifications.notify)
        work += [supervise("notifications", notifications.send()), supervise("listener", notifications.listen())]
    database.after_write += added
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        tail.stop()
        for subscriber in added:
            database.after_write.remove(subscriber)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
