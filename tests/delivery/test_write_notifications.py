"""Notifications between the processes that share a PostgreSQL database (``docs/how-it-works.md#followers``)."""

import asyncio
import contextlib

import pytest

from hourhook.delivery.write_notifications import WriteNotifications
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.waker import Waker


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_changes_and_attempts_are_told_to_other_processes_only(database: Database) -> None:
    assert isinstance(database, PostgresDatabase)
    heard: dict[str, set[int]] = {"here": set(), "there": set(), "attempts here": set(), "attempts there": set()}
    waker = Waker()

    def hear(account_id: int) -> None:
        heard["there"].add(account_id)
        waker.wake()

    async def exchange(shared: PostgresDatabase) -> None:
        here, there = (
            WriteNotifications(shared, heard["here"].add, heard["attempts here"].add),
            WriteNotifications(shared, hear, heard["attempts there"].add),
        )
        tasks = [asyncio.create_task(each) for each in (here.send(), here.listen(), there.send(), there.listen())]
        async with asyncio.timeout(20):
            while heard["there"] != {1, 2} or heard["attempts there"] != {3}:
                # Repeated, since nothing is heard until both are connected.
                here.notify(1)
                here.notify(2)
                here.notify_attempts(3)
                await waker.wait(0.05)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(exchange(database))

    assert heard["here"] == heard["attempts here"] == set()
