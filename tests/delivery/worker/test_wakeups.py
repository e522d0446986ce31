"""Wake-ups from commits to workers, in this process and in others."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from hourhook.delivery.worker.notifier import CHANNEL, Notifier
from hourhook.delivery.worker.wakeups import Wakeups
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from tests.conftest import Logged
from tests.support.backlogs import make_backlog
from tests.support.scripted_transport import eventually
from tests.support.statements import capture_statements

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]
PATIENCE_SECONDS = 10
END_CONNECTION = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'hourhook wake-ups'"
)


@pytest.fixture
def postgres(database: Database) -> PostgresDatabase:
    assert isinstance(database, PostgresDatabase)
    return database


class OtherProcess:
    """Another process that listens for wake-ups."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._notifications = connection.notifies()

    async def count_until(self, last: str) -> int:
        """Return how many wake-ups arrived before a final one."""
        count = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for received in self._notifications:
                if received.payload == last:
                    return count
                count += 1
        raise AssertionError("the connection ended")

    async def receives(self) -> None:
        """Wait for one wake-up."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await anext(self._notifications)

    async def end(self) -> None:
        """Close the connection."""
        await self._notifications.aclose()


@asynccontextmanager
async def notifier_and_process(postgres: PostgresDatabase) -> AsyncIterator[tuple[Notifier, OtherProcess]]:
    """A notifier, and another process that listens."""
    notifier = Notifier(postgres)
    async with await psycopg.AsyncConnection.connect(postgres.url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        listening = OtherProcess(connection)
        running = asyncio.create_task(notifier.run())
        try:
            yield notifier, listening
        finally:
            await listening.end()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


def say(postgres: PostgresDatabase, statement: str) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(statement)


async def test_concurrent_wake_ups_are_merged(postgres: PostgresDatabase) -> None:
    async with notifier_and_process(postgres) as (notifier, other):
        for _ in range(50):
            notifier.wake()
        await other.receives()
        say(postgres, f"NOTIFY {CHANNEL}, 'last'")
        assert await other.count_until("last") == 0

        notifier.wake()
        await other.receives()


async def test_a_wake_up_after_a_broken_connection_uses_a_new_one(postgres: PostgresDatabase, logged: Logged) -> None:
    async with notifier_and_process(postgres) as (notifier, other):
        notifier.wake()
        await other.receives()
        say(postgres, END_CONNECTION)
        notifier.wake()
        await eventually(postgres, lambda _: [event["event"] for event in logged], ["wake-up not sent"])

        notifier.wake()
        await other.receives()


async def test_no_transaction_contains_a_notify(postgres: PostgresDatabase) -> None:
    # Commits with a NOTIFY are serialized across all accounts.
    backlog = make_backlog(postgres)
    hinted = threading.Event()
    postgres.wake = hinted.set
    with capture_statements(postgres) as statements:
        backlog.record("tag.created")

    assert hinted.is_set()
    assert not [statement for statement in statements if "notify" in statement.lower()]


async def test_a_wake_up_from_any_thread_runs_on_the_event_loop(postgres: PostgresDatabase) -> None:
    received: asyncio.Queue[int] = asyncio.Queue()
    wakeups = Wakeups()
    wakeups.subscribe(lambda: received.put_nowait(threading.get_ident()))

    threading.Thread(target=wakeups.wake).start()

    assert await asyncio.wait_for(received.get(), PATIENCE_SECONDS) == threading.get_ident()
