"""The whole HTTP application, put together from its parts."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NoReturn

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.api.dispatcher import Doors
from hourhook.api.endpoints import Endpoint
from hourhook.api.oauth import tokens
from hourhook.api.oauth.applications import ClientDoors
from hourhook.api.oauth.authorizations import PasswordDoors
from hourhook.api.openapi.document import build_document
from hourhook.api.openapi.routes import document_routes, encode
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
from hourhook.domain.dependencies import Outside
from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.http.cors import Origins
from hourhook.http.metrics import Metrics
from hourhook.http.middleware import Front
from hourhook.http.monitoring import watch_routes
from hourhook.http.sign_in_throttle import Tries
from hourhook.rate_limits import Buckets
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
    outside: Outside,
    tries: Tries,
    *,
    metrics: Metrics | None = None,
    more_routes: Sequence[ControllerRouterHandler] = (),
    elsewhere: ASGIApp | None = None,
    lifespan: Sequence[Lifespan] = (),
    complaint: Callable[[], str | None] = lambda: None,
) -> ASGIApp:
    """Put the application together.

    ``tries`` are those of people with passwords, which the web app counts too. ``more_routes`` are those of the web
    app, and ``elsewhere`` answers what lies outside the API and leads nowhere. ``lifespan`` are asynchronous context
    managers that the server enters before it serves, as for a worker beside it. ``complaint`` says why this process
    cannot serve, if so, for ``/health``.
    """
    metrics = metrics or Metrics()
    base_url = settings.base_url or DEFAULT_BASE_URL
    links = Links(base_url)
    doors = Doors(database, links, outside, settings.max_body_bytes)

    @asynccontextmanager
    async def finish_uses(_: Any) -> AsyncIterator[None]:
        yield
        await doors.uses.finish()

    app = Litestar(
        [
            doors.route(all_endpoints()),
            *document_routes(all_endpoints(), base_url),
            *watch_routes(settings, database, metrics, complaint),
            *tokens.token_routes(settings, database),
            *PasswordDoors(database, links, outside, tries, settings.max_body_bytes).routes(),
            *ClientDoors(database, links).routes(),
            *more_routes,
        ],
        openapi_config=None,
        logging_config=None,
        # Everything that goes wrong is answered in one place, the front.
        exception_handlers={HTTPException: _pass_on, Exception: _pass_on},
        lifespan=[finish_uses, *lifespan],
    )
    return Front(
        app,
        doors,
        buckets=Buckets(settings.rate_limit, database.clock) if settings.rate_limit else None,
        trusted=settings.trusted_proxies,
        origins=Origins(settings.allowed_origins),
        metrics=metrics,
        elsewhere=elsewhere,
    )


def _pass_on(_: Any, error: Exception) -> NoReturn:
    raise error
