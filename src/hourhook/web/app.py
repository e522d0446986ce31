"""All pages together, as the application takes them: their routes, and what answers where there is none."""

from collections.abc import Sequence
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.domain.dependencies import Dependencies
from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web.auth.invitations import invitation_routes
from hourhook.web.auth.oauth_consent import OAuthConsent
from hourhook.web.auth.sign_in import SignIn
from hourhook.web.public.invoices import invoice_routes
from hourhook.web.rendering import render
from hourhook.web.responses import empty_response
from hourhook.web.session_cookies import SessionCookies


def routes(
    settings: Settings, database: Database, dependencies: Dependencies, sign_in_throttle: SignInThrottle
) -> Sequence[ControllerRouterHandler]:
    """The routes of all pages."""
    links = Links(settings.base_url or DEFAULT_BASE_URL)
    session_cookies = SessionCookies(dependencies.keyring, is_secure=links.base_url.startswith("https://"))
    return [
        _home(links),
        *SignIn(database, sign_in_throttle, session_cookies, links).routes(),
        *OAuthConsent(database, session_cookies, links).routes(),
        *invoice_routes(database),
        *invitation_routes(database, links),
    ]


def not_found(settings: Settings) -> ASGIApp:
    """What answers a path that leads nowhere: with a page for people, with nothing for programs."""
    links = Links(settings.base_url or DEFAULT_BASE_URL)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        asked_for = b"".join(value for name, value in scope["headers"] if name == b"accept")
        found = render("elsewhere", status=404, href=links.href) if b"text/html" in asked_for else empty_response(404)
        await found(scope, receive, send)

    return answer


def _home(links: Links) -> HTTPRouteHandler:
    @get("/")
    async def home() -> ASGIResponse:
        return render("home", href=links.href)

    return home
