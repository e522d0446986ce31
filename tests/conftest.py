"""Fixtures of all tests: both databases, a fake clock, the real server and worker, accounts with their users."""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher

from hourhook.domain import passwords
from hourhook.process.bootstrap import Runtime, make_transport, tune_gc
from hourhook.process.delivering import run_delivery
from hourhook.process.serving import make_asgi_app
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.urls import open_database
from tests.support import leftovers
from tests.support.accounts import Account, make_account
from tests.support.clients import Client
from tests.support.clocks import FakeClock
from tests.support.database_proxies import DatabaseProxy, running_proxy
from tests.support.databases import PostgresServer, SqliteFiles, postgres_server
from tests.support.dependencies import DEPENDENCIES
from tests.support.servers import EventLoopThread, free_socket, serving
from tests.support.smtp_server import FakeSmtpServer, running_smtp_server
from tests.support.webhook_receiver import WebhookReceiver, running_webhook_receiver

Logged = list[MutableMapping[str, Any]]
DIALECTS = ("sqlite", "postgresql")


def pytest_configure() -> None:
    """Arrange the clean-up; save time: tune the garbage collector as the server does, and hash passwords cheaply."""
    leftovers.clean_up_at_the_end()
    tune_gc()
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def pytest_unconfigure() -> None:
    """Clean up before pytest exits."""
    leftovers.clean_up()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that only the test advances."""
    return FakeClock()


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database; a test that asks for it runs once on SQLite and once on PostgreSQL."""
    makers = {"sqlite": "_sqlite_files", "postgresql": "_postgres_server"}
    maker: SqliteFiles | PostgresServer = request.getfixturevalue(makers[request.param])
    with maker.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """The ``Database`` object of a fresh database."""
    opened = open_database(database_url, clock)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Server:
    """A running server, with a client that sends no token."""

    base_url: str
    client: Client
    database: Database


MakeServer = Callable[..., Server]


@pytest.fixture
def make_server(database: Database, _loop: EventLoopThread) -> Iterator[MakeServer]:
    """Start servers on the database, with the given settings.

    No rate limits apply unless the test sets them; ``site_options`` are arguments of ``make_asgi_app``.
    ``database`` is one that the test opened, as another process does.
    """
    with ExitStack() as stack:

        def make(site_options: dict[str, Any] | None = None, database: Database = database, **settings: Any) -> Server:
            bound = free_socket()
            address = f"http://127.0.0.1:{bound.getsockname()[1]}"
            base_url = settings.pop("base_url", address)
            site_options = {"dependencies": DEPENDENCIES, **(site_options or {})}
            unlimited = {"rate_limit": None, "sign_in_rate_limit": None, "oauth_rate_limit": None}
            app = make_asgi_app(Settings(base_url=base_url, **{**unlimited, **settings}), database, **site_options)
            stack.enter_context(serving(_loop, app, bound))
            client = Client(address)
            stack.callback(client.close)
            return Server(base_url, client, database)

        yield make


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    """The application on a free port, with default settings."""
    return make_server()


@pytest.fixture
def account(server: Server) -> Account:
    """An account on the server, with an owner and one more user of each role."""
    return make_account(server.database, server.client)


@pytest.fixture
def other_account(server: Server) -> Account:
    """Another account on the same server, which the first cannot see."""
    return make_account(server.database, server.client, "southwind")


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


MakeSmtpServer = Callable[..., FakeSmtpServer]


@pytest.fixture
def make_smtp_server(_loop: EventLoopThread) -> Iterator[MakeSmtpServer]:
    """Start mail servers, with the options of ``smtp_server.running_smtp_server``."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running_smtp_server(_loop, **options))


@pytest.fixture
def smtp_server(make_smtp_server: MakeSmtpServer) -> FakeSmtpServer:
    """A mail server on loopback that accepts every mail, unless the test changes its replies."""
    return make_smtp_server()


@pytest.fixture
def logged() -> Iterator[Logged]:
    """The log events, captured instead of printed."""
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture(scope="session")
def _sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def _loop() -> Iterator[EventLoopThread]:
    loop = EventLoopThread()
    yield loop
    loop.close()


@pytest.fixture
def database_proxy(_postgres_server: PostgresServer, tmp_path: Path, _loop: EventLoopThread) -> Iterator[DatabaseProxy]:
    """A proxy before a fresh PostgreSQL database, which can stop answering."""
    with _postgres_server.fresh(tmp_path) as url:
        proxy = DatabaseProxy(url)
        with running_proxy(_loop, proxy):
            yield proxy
