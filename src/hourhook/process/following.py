"""Run the reader of event logs, and tell followers and pages which accounts this and other processes have changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from hourhook.delivery.tail import Tail
from hourhook.domain.events.entitlement import find_entitled
from hourhook.store.database import Database
from hourhook.store.urls import is_postgresql

if TYPE_CHECKING:
    from hourhook.delivery.write_notifications import WriteNotifications
    from hourhook.store.postgres import PostgresDatabase

# Awaits a task that must not fail, by its name.
Supervise = Callable[[str, Awaitable[None]], Awaitable[None]]


def make_tail(database: Database) -> Tail:
    """Create the reader of the process's followers."""
    return Tail(database, find_entitled)


@asynccontextmanager
async def following(
    database: Database,
    tail: Tail,
    subscribers: Sequence[Callable[[int], None]],
    supervise: Supervise,
    on_attempts: Callable[[int], None],
) -> AsyncIterator[None]:
    """Run the reader while the context is open; ``subscribers`` are called with each account that changed.

    They may be called from any thread. ``on_attempts`` is called with each account of which attempts were stored.
    """

    def on_write(account_id: int) -> None:
        for subscriber in subscribers:
            subscriber(account_id)

    work = [supervise("reader of event logs", tail.run())]
    added, added_for_attempts = [on_write], [on_attempts]
    if is_postgresql(database):
        notifications = _write_notifications(database, on_write, on_attempts)
        added.append(notifications.notify)
        added_for_attempts.append(notifications.notify_attempts)
        work += [supervise("notifications", notifications.send()), supervise("listener", notifications.listen())]
    async with _subscribed(database, added, added_for_attempts, work):
        try:
            yield
        finally:
            tail.stop()


@asynccontextmanager
async def notifying(database: Database, supervise: Supervise) -> AsyncIterator[None]:
    """Tell the servers of a PostgreSQL database what a process without one has changed, while the context is open."""
    if not is_postgresql(database):
        yield
        return
    notifications = _write_notifications(database)
    work = [supervise("notifications", notifications.send())]
    async with _subscribed(database, [notifications.notify], [notifications.notify_attempts], work):
        yield


def _write_notifications(database: "PostgresDatabase", *subscribers: Callable[[int], None]) -> "WriteNotifications":
    from hourhook.delivery.write_notifications import WriteNotifications

    return WriteNotifications(database, *subscribers)


@asynccontextmanager
async def _subscribed(
    database: Database,
    to_writes: Sequence[Callable[[int], None]],
    to_attempts: Sequence[Callable[[int], None]],
    work: Sequence[Awaitable[None]],
) -> AsyncIterator[None]:
    database.after_write += to_writes
    database.after_attempts += to_attempts
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for subscriber in to_writes:
            database.after_write.remove(subscriber)
        for subscriber in to_attempts:
            database.after_attempts.remove(subscriber)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
