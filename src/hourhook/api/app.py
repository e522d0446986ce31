"""The API: its endpoints and routes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hourhook.api.asyncapi import build_asyncapi
from hourhook.api.dispatcher import Dispatcher
from hourhook.api.documentation.routes import documentation_routes
from hourhook.api.endpoints import Endpoint
from hourhook.api.oauth import tokens
from hourhook.api.oauth.applications import ClientRoutes
from hourhook.api.oauth.authorizations import BasicAuthRoutes
from hourhook.api.openapi.document import build_document
from hourhook.api.openapi.routes import encode, openapi_routes
from hourhook.api.v2 import (
    account,
    audit,
    broadcast_receivers,
    current_user,
    entries,
    events,
    expenses,
    inbox_entries,
    invoices,
    payloads,
    project_groups,
    projects,
    reports,
    tags,
    teams,
    timers,
    users,
    webhooks,
)
from hourhook.delivery.tail import Tail
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.responses import NOT_FOUND
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.settings import Settings
from hourhook.store.database import Database

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
    reports.endpoints,
    webhooks.endpoints,
    payloads.endpoints,
    broadcast_receivers.endpoints,
    events.endpoints,
    audit.endpoints,
)
# Their responses do not end.
STREAMS = (events.streams,)


def all_endpoints() -> list[Endpoint]:
    return [endpoint for group in GROUPS for endpoint in group.all]


def documented_endpoints() -> list[Endpoint]:
    """Return all endpoints and the streams."""
    return [*all_endpoints(), *(endpoint for group in STREAMS for endpoint in group.all)]


def openapi_text(base_url: str | None = None) -> bytes:
    """Return the OpenAPI document, as ``hourhook openapi`` prints it and ``/openapi.json`` serves it."""
    return encode(build_document(documented_endpoints(), base_url or DEFAULT_BASE_URL))


def asyncapi_text(base_url: str | None = None) -> bytes:
    """Return the AsyncAPI document, as ``hourhook asyncapi`` prints it and ``/asyncapi.json`` serves it."""
    return encode(build_asyncapi(base_url or DEFAULT_BASE_URL))


@dataclass(frozen=True, slots=True)
class Api:
    """The API as an ASGI server takes it: an application for each path, and one for any other path of it."""

    routes: Mapping[str, Application]
    not_found: Application
    dispatcher: Dispatcher

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        yield
        await self.dispatcher.last_used_recorder.finish()


def make_api(
    settings: Settings, database: Database, dependencies: Dependencies, sign_in_throttle: SignInThrottle, tail: Tail
) -> Api:
    """Build the API. ``sign_in_throttle`` also counts the sign-ins of the web app; ``tail`` must run."""
    base_url = settings.base_url or DEFAULT_BASE_URL
    links = Links(base_url)
    endpoints = documented_endpoints()
    dispatcher = Dispatcher(database, links, dependencies, settings.max_body_bytes, tail)

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        await dispatcher.refuse(NOT_FOUND, scope, receive, send)

    routes = {
        **dispatcher.routes(endpoints),
        **openapi_routes(endpoints, base_url),
        **documentation_routes(links),
        **tokens.token_routes(settings, database, dependencies.keyring),
        **BasicAuthRoutes(database, links, dependencies, sign_in_throttle, settings.max_body_bytes).routes(),
        **ClientRoutes(database, links).routes(),
    }
    return Api(routes, not_found, dispatcher)
