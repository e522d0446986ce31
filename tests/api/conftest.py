"""Fixtures of API tests: a delivery worker in the server, webhook receivers, OAuth applications."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import run_delivery
from hourhook.settings import Settings
from hourhook.store.database import Database
from tests.conftest import Server
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.oauth_clients import App, register_app
from tests.support.servers import EventLoopThread
from tests.support.webhook_receiver import WebhookReceiver, running_webhook_receiver

Delivering = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def delivering(database: Database) -> Delivering:
    """A delivery worker, for the ``lifespans`` of a server."""

    @asynccontextmanager
    async def delivering() -> AsyncIterator[None]:
        running = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)
        failures: list[str] = []
        async with run_delivery(running, make_transport(running), on_failure=lambda: failures.append("failed")):
            yield
        assert not failures

    return delivering


@pytest.fixture
def webhook_receiver(_loop: EventLoopThread) -> Iterator[WebhookReceiver]:
    """A webhook receiver that answers 200 until the test changes its response."""
    with running_webhook_receiver(_loop) as webhook_receiver:
        yield webhook_receiver


@pytest.fixture
def other_webhook_receiver(_loop: EventLoopThread) -> Iterator[WebhookReceiver]:
    """A second webhook receiver."""
    with running_webhook_receiver(_loop) as webhook_receiver:
        yield webhook_receiver


@pytest.fixture
def advance_time(database: Database, clock: FakeClock) -> Callable[[float], None]:
    """Advance the clock by seconds, and wake the worker."""

    def advance_time(seconds: float) -> None:
        clock.advance(seconds)
        database.wake()

    return advance_time


@pytest.fixture
def app(server: Server) -> App:
    """A confidential OAuth application."""
    return register_app(server.database, server.client)


@pytest.fixture
def other_app(server: Server) -> App:
    """A second OAuth application."""
    return register_app(server.database, server.client, "Ledger")
