"""Fixtures of the delivery tests: the event loop, a scripted network, and a second process on the database."""

from collections.abc import Iterator

import pytest

from hourhook.store.database import Database
from hourhook.store.urls import open_database
from tests.support.clocks import FakeClock
from tests.support.scripted_transport import FakeTransport


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def network(database: Database) -> FakeTransport:
    return FakeTransport(database)


@pytest.fixture
def other_database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """The database, opened as by another process."""
    opened = open_database(database_url, clock)
    yield opened
    opened.close()
