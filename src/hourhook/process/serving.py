"""Serve the API and the pages, with or without a worker in the same process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from hourhook.api.app import make_api
from hourhook.api.route_groups import SECRET_PREFIXES, api_route_groups, is_api_path
from hourhook.delivery.tail import Tail
from hourhook.domain.dependencies import Dependencies
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.cors import CorsPolicy
from hourhook.http.lifespan import Lifespan, with_lifespan
from hourhook.http.metrics import Metrics
from hourhook.http.middleware import RequestMiddleware, rate_limit_check
from hourhook.http.monitoring import monitoring_routes
from hourhook.http.router import Router
from hourhook.http.server import server_config
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import guard, relay_wakeups, run_delivery
from hourhook.process.exits import exit_later
from hourhook.process.following import Supervise, following, make_tail
from hourhook.process.shutdown import CONNECTION_SECONDS, Server
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web import app as web_app
from hourhook.web.live import LiveHub


async def serve(
    runtime: Runtime, listener: socket.socket, *, with_worker: bool, on_start: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGTERM or SIGINT, then finish open requests and deliveries within ten seconds.

    ``on_start`` is called once the server accepts connections. A second SIGINT ends the process at once. Raises
    ``OperatorError`` if the worker in this process has failed.
    """

    @asynccontextmanager
    async def deliver() -> AsyncIterator[None]:
        async with (
            run_delivery(runtime, transport, on_failure=stop, stopping=stopping)
            if transport
            else relay_wakeups(runtime, stop)
        ):
            yield

    def stop() -> None:
        server.should_exit = True

    def begin_shutdown() -> None:
        exit_later()
        stopping.set()
        # These responses would never end.
        live.close()
        tail.stop()

    # Set once the server shuts down.
    stopping = asyncio.Event()
    live, tail = LiveHub(), make_tail(runtime.database)
    transport = make_transport(runtime) if with_worker else None
    app = make_asgi_app(
        runtime.settings,
        runtime.database,
        Dependencies(
            runtime.guard,
            runtime.keyring,
            runtime.outbox,
            runtime.settings.retry_window_seconds,
            runtime.settings.retention_days * 86_400,
            runtime.settings.send_timeout_seconds,
            runtime.settings.alert_after_seconds,
        ),
        metrics=runtime.metrics,
        lifespans=[deliver],
        failure=lambda: runtime.failure,
        is_stopping=stopping.is_set,
        live=live,
        tail=tail,
        supervise=lambda name, work: guard(runtime, name, work, stop),
    )
    config = server_config(
        app, max_connections=runtime.descriptors.max_clients, timeout_graceful_shutdown=CONNECTION_SECONDS
    )
    server = Server(config, on_start=on_start, on_stop=begin_shutdown)
    await server.serve([listener])
    runtime.raise_if_failed()


def make_asgi_app(
    settings: Settings,
    database: Database,
    dependencies: Dependencies,
    *,
    metrics: Metrics | None = None,
    lifespans: Sequence[Lifespan] = (),
    failure: Callable[[], str | None] = lambda: None,
    is_stopping: Callable[[], bool] = lambda: False,
    live: LiveHub | None = None,
    tail: Tail | None = None,
    supervise: Supervise = lambda _, work: work,
    extra_routes: Mapping[str, Application] | None = None,
) -> Application:
    """Combine the API, the pages and the monitoring in one ASGI application.

    ``lifespans`` last as long as the server runs. ``failure`` returns why this process cannot serve, for ``/health``.
    Once ``is_stopping``, requests are refused. ``supervise`` awaits the tasks that must not fail.
    """
    metrics, live, tail = metrics or Metrics(), live or LiveHub(), tail or make_tail(database)
    sign_in_throttle = SignInThrottle(settings.sign_in_rate_limit, database.clock)
    api = make_api(settings, database, dependencies, sign_in_throttle, tail)
    pages = web_app.make_web_app(settings, database, dependencies, sign_in_throttle, live)
    rate_limit = rate_limit_check(TokenBuckets(settings.rate_limit, database.clock) if settings.rate_limit else None)

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        application = api.not_found if is_api_path(scope["path"]) else pages.not_found
        await application(scope, receive, send)

    router = Router(
        {
            **api.routes,
            **monitoring_routes(settings, database, metrics, lambda: failure() or _stopping_reason(is_stopping)),
            **pages.routes,
            **(extra_routes or {}),
        },
        not_found,
    )
    app = RequestMiddleware(
        router,
        [*api_route_groups(CorsPolicy(settings.allowed_origins), rate_limit), *web_app.web_route_groups(rate_limit)],
        trusted_proxies=settings.trusted_proxies,
        metrics=metrics,
        is_stopping=is_stopping,
        secret_prefixes=(*web_app.SECRET_PREFIXES, *SECRET_PREFIXES),
    )

    def follow() -> AbstractAsyncContextManager[None]:
        return following(database, tail, [tail.notify, live.notify], supervise, live.notify)

    return with_lifespan(app, [api.lifespan, follow, *lifespans])


def _stopping_reason(is_stopping: Callable[[], bool]) -> str | None:
    return "the server is shutting down" if is_stopping() else None
