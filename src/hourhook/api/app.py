"""The whole HTTP application, put together from its parts."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NoReturn

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.api.dispatcher import Dispatcher
from hourhook.api.endpoints import Endpoint
from hourhook.api.oauth import tokens
from hourhook.api.oauth.applications import ClientRoutes
from hourhook.api.oauth.authorizations import BasicAuthRoutes
from hourhook.api.openapi.document import build_document
from hourhook.api.openapi.routes import encode, openapi_routes
from hourhook.api.v2 import (
    account,
    broadcast_receivers,
    current_user,
    entries,
    expenses,
    inbox_entries,
    invoices,
    payloads,
    project_groups,
    projects,
    tags,
    teams,
    timers,
    users,
    webhooks,
)
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.http.cors import CorsPolicy
from hourhook.http.metrics import Metrics
from hourhook.http.middleware import RequestMiddleware
from hourhook.http.monitoring import monitoring_routes
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import Settings
from hourhook.store.database import Database

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]

# In the order of the documentation.
GROUPS = (
    account.endpoints,
    current_user.endpoints,
    users.endpoints,
    teams.endpoints,
    projects.endpoints,
    project_groups.endpoints,
    tags.endpoints,
    entries.endpoints,
    inbox_entries.endpoints,
    timers.endpoints,
    expenses.endpoints,
    invoices.endpoints,
    webhooks.endpoints,
    payloads.endpoints,
    broadcast_receivers.endpoints,
)


def all_endpoints() -> list[Endpoint]:
    """Every endpoint of the API."""
    return [endpoint for group in GROUPS for endpoint in group.all]


def openapi_text(base_url: str | None = None) -> bytes:
    """The OpenAPI document, as ``hourhook openapi`` prints it and ``/openapi.json`` answers it."""
    return encode(build_document(all_endpoints(), base_url or DEFAULT_BASE_URL))


def make_app(
    settings: Settings,
    database: Database,
    dependencies: Dependencies,
    sign_in_throttle: SignInThrottle,
    *,
    metrics: Metrics | None = None,
    extra_routes: Sequence[ControllerRouterHandler] = (),
    not_found: ASGIApp | None = None,
    lifespan: Sequence[Lifespan] = (),
    failure: Callable[[], str | None] = lambda: None,
) -> ASGIApp:
    """Put the application together.

    ``sign_in_throttle`` are those of people with passwords, which the web app counts too. ``extra_routes`` are those of the web
    app, and ``not_found`` answers what lies outside the API and leads nowhere. ``lifespan`` are asynchronous context
    managers that the server enters before it serves, as for a worker beside it. ``failure`` says why this process
    cannot serve, if so, for ``/health``.
    """
    metrics = metrics or Metrics()
    base_url = settings.base_url or DEFAULT_BASE_URL
    links = Links(base_url)
    dispatcher = Dispatcher(database, links, dependencies, settings.max_body_bytes)

    @asynccontextmanager
    async def finish_uses(_: Any) -> AsyncIterator[None]:
        yield
        await dispatcher.last_used_recorder.finish()

    app = Litestar(
        [
            dispatcher.route(all_endpoints()),
            *openapi_routes(all_endpoints(), base_url),
            *monitoring_routes(settings, database, metrics, failure),
            *tokens.token_routes(settings, database),
            *BasicAuthRoutes(database, links, dependencies, sign_in_throttle, settings.max_body_bytes).routes(),
            *ClientRoutes(database, links).routes(),
            *extra_routes,
        ],
        openapi_config=None,
        logging_config=None,
        # Everything that goes wrong is answered in one place, the front.
        exception_handlers={HTTPException: _pass_on, Exception: _pass_on},
        lifespan=[finish_uses, *lifespan],
    )
    return RequestMiddleware(
        app,
        dispatcher,
        rate_limits=TokenBuckets(settings.rate_limit, database.clock) if settings.rate_limit else None,
        trusted_proxies=settings.trusted_proxies,
        origins=CorsPolicy(settings.allowed_origins),
        metrics=metrics,
        not_found=not_found,
    )


def _pass_on(_: Any, error: Exception) -> NoReturn:
    raise error
