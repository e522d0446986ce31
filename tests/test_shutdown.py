"""Shutdown of a server: requests in progress end and are answered truthfully, and new ones are refused."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select

from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.responses import json_response
from hourhook.http.router import MethodRoutes
from hourhook.http.server import server_config
from hourhook.process.serving import make_asgi_app
from hourhook.process.shutdown import Server
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.executions import RequestWork, request_work
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.account_rows import add_account
from tests.support.clients import Client, Response
from tests.support.dependencies import DEPENDENCIES
from tests.support.servers import EventLoopThread, free_socket
from tests.support.threads import PATIENCE_SECONDS

NAMES = Statement(select(accounts.c.name))
Work = Callable[[], Awaitable[object]]


class StoppableServer:
    """The application with one more route, ``POST /slow``, whose work a test decides."""

    def __init__(self, loop: EventLoopThread, database: Database, work: Work, request_seconds: float) -> None:
        self._loop = loop
        self._socket = free_socket()
        self._work = work
        self._has_stopped = threading.Event()
        app = make_asgi_app(
            Settings(rate_limit=None),
            database,
            DEPENDENCIES,
            is_stopping=self._has_stopped.is_set,
            extra_routes={"/slow": MethodRoutes({"POST": self._run_slowly})},
        )
        self._server = Server(
            server_config(app, timeout_graceful_shutdown=1),
            on_stop=self._has_stopped.set,
            request_seconds=request_seconds,
        )
        self._threads = ThreadPoolExecutor(2)
        self.client = Client(f"http://127.0.0.1:{self._socket.getsockname()[1]}")
        self.has_begun = threading.Event()
        loop.run(self._start())

    def close(self) -> None:
        self.client.close()
        self._threads.shutdown()

    def request(self) -> "Future[Response]":
        """Send a slow request in a thread, and wait until its work begins."""
        response = self._threads.submit(self.client.with_token("slow").post, "/slow")
        assert self.has_begun.wait(PATIENCE_SECONDS)
        return response

    def shut_down(self) -> "Future[Any]":
        """Begin to shut down, in the loop."""
        ending = self._threads.submit(self._loop.run, self._server.shutdown([self._socket]))
        assert self._has_stopped.wait(PATIENCE_SECONDS)
        return ending

    async def _start(self) -> None:
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])

    async def _run_slowly(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.has_begun.set()
        await json_response(200, await self._work())(scope, receive, send)


MakeServer = Callable[..., StoppableServer]


@pytest.fixture
def make_stoppable_server(database: Database, _loop: EventLoopThread) -> Iterator[MakeServer]:
    """Start servers that can be shut down."""
    with ExitStack() as stack:

        def make(work: Work, request_seconds: float = PATIENCE_SECONDS) -> StoppableServer:
            server = StoppableServer(_loop, database, work, request_seconds)
            stack.callback(server.close)
            return server

        yield make


def test_a_request_in_progress_finishes(make_stoppable_server: MakeServer) -> None:
    may_finish = threading.Event()

    async def work() -> str:
        await asyncio.to_thread(may_finish.wait)
        return "finished"

    server = make_stoppable_server(work)
    request = server.request()
    ending = server.shut_down()
    may_finish.set()

    assert (request.result().status, request.result().json()) == (200, "finished")
    ending.result(PATIENCE_SECONDS)


def test_new_requests_are_refused_while_one_finishes(make_stoppable_server: MakeServer) -> None:
    may_finish = threading.Event()
    server = make_stoppable_server(lambda: asyncio.to_thread(may_finish.wait))
    request = server.request()
    ending = server.shut_down()

    refused = server.client.get("/v2/account")
    health = server.client.get("/health")
    may_finish.set()
    ending.result(PATIENCE_SECONDS)

    assert refused.status == 503
    assert "shutting down" in refused.json()["message"]
    assert (refused.headers["connection"], refused.headers["retry-after"]) == ("close", "1")
    assert (health.status, health.json()["message"]) == (503, "the server is shutting down")
    assert request.result().status == 200


def test_a_request_that_takes_too_long_is_rolled_back(make_stoppable_server: MakeServer, database: Database) -> None:
    blocking = threading.Event()

    def add_slowly(tx: Transaction) -> None:
        add_account(tx, "northwind")
        while not blocking.wait(0.001):
            tx.value(NAMES)

    server = make_stoppable_server(lambda: database.run(add_slowly), request_seconds=0.1)
    request = server.request()
    server.shut_down().result(PATIENCE_SECONDS)

    assert request.result().status == 503
    assert "Nothing was changed" in request.result().json()["message"]
    assert database.read_now(lambda tx: tx.all(NAMES)) == []


def test_a_request_that_was_committed_says_so(make_stoppable_server: MakeServer, database: Database) -> None:
    requests: list[RequestWork] = []

    def wait_until_cancelled() -> None:
        while not requests[0].is_cancelled:
            threading.Event().wait(0.001)

    def add(tx: Transaction) -> int:
        tx.after_commit(wait_until_cancelled)
        return add_account(tx, "northwind")

    async def work() -> int:
        request = request_work.get()
        assert request is not None
        requests.append(request)
        return await database.run(add)

    server = make_stoppable_server(work, request_seconds=0.1)
    request = server.request()
    server.shut_down().result(PATIENCE_SECONDS)

    assert request.result().status == 200
    assert len(database.read_now(lambda tx: tx.all(NAMES))) == 1


def test_a_request_that_was_carried_out_in_part_says_so(make_stoppable_server: MakeServer, database: Database) -> None:
    async def work() -> None:
        await database.run(add_account, "northwind")
        await asyncio.Event().wait()

    server = make_stoppable_server(work, request_seconds=0.1)
    request = server.request()
    server.shut_down().result(PATIENCE_SECONDS)

    assert request.result().status == 503
    assert "carried out in part" in request.result().json()["message"]
    assert "retry-after" not in request.result().headers
