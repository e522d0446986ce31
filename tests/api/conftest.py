"""Fixtures of API tests: another webhook receiver, time that passes for a worker, OAuth applications."""

from collections.abc import Callable, Iterator

import pytest

from hourhook.store.database import Database
from tests.conftest import Server
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import App, register_app
from tests.support.servers import EventLoopThread
from tests.support.webhook_receiver import WebhookReceiver, running_webhook_receiver


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
