"""A server: the API and the pages, with a worker beside them or without, until it is told to end."""

import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import uvicorn
from litestar.types import ASGIApp

from hourhook.api.app import make_app
from hourhook.domain.dependencies import Dependencies
from hourhook.http.server import server_config
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import exit_immediately, relay_wakeups, run_delivery
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web import app as web_app

# With the seven seconds of a draining worker after them, a process ends within ten.
GRACEFUL_SHUTDOWN_SECONDS = 2


async def serve(
    runtime: Runtime, listener: socket.socket, *, with_worker: bool, on_start: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGTERM or SIGINT; what is on the wire then is finished, within ten seconds.

    ``on_start`` is called once connections are taken. A second SIGINT ends the process at once. Raises ``OperatorError`` when
    the worker beside the server has failed.
    """

    @asynccontextmanager
    async def with_the_server(_: object) -> AsyncIterator[None]:
        async with run_delivery(runtime, transport, on_failure=stop) if transport else relay_wakeups(runtime):
            yield

    def stop() -> None:
        server.should_exit = True

    transport = make_transport(runtime) if with_worker else None
    app = make_asgi_app(
        runtime.settings,
        runtime.database,
        Dependencies(runtime.guard, runtime.keyring, runtime.outbox),
        metrics=runtime.metrics,
        lifespan=[with_the_server],
        failure=lambda: runtime.failure,
    )
    server = _Server(server_config(app, timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS), on_start)
    await server.serve([listener])
    runtime.raise_if_failed()


def make_asgi_app(settings: Settings, database: Database, dependencies: Dependencies, **parts: Any) -> ASGIApp:
    """The API and the pages as one application; ``parts`` are further arguments of ``make_app``."""
    sign_in_throttle = SignInThrottle(settings.sign_in_rate_limit, database.clock)
    pages = {
        "extra_routes": web_app.routes(settings, database, dependencies, sign_in_throttle),
        "not_found": web_app.not_found(settings),
    }
    return make_app(settings, database, dependencies, sign_in_throttle, **{**pages, **parts})


class _Server(uvicorn.Server):
    """A server that says when it has started, and ends at once when SIGINT says so again."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            exit_immediately()
        super().handle_exit(sig, frame)
