"""All pages together, as the application takes them: their routes, and what answers where there is none."""

from collections.abc import Sequence
from typing import Any

from litestar import get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.domain.outside import Outside
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web.authorize import Authorize
from hourhook.web.invitations import invitation_routes
from hourhook.web.invoices import invoice_routes
from hourhook.web.pages import page
from hourhook.web.sign_in import SignIn
from hourhook.web.visitors import Visitors


def routes(settings: Settings, database: Database, outside: Outside) -> Sequence[ControllerRouterHandler]:
    """The routes of all pages."""
    links = Links(settings.base_url or DEFAULT_BASE_URL)
    visitors = Visitors(outside.vault, is_secure=links.base_url.startswith("https://"))
    return [
        home,
        *SignIn(settings, database, visitors, links).routes(),
        *Authorize(database, visitors, links).routes(),
        *invoice_routes(database),
        *invitation_routes(database, links),
    ]


@get("/")
async def home() -> ASGIResponse:
    """Say what this is, and where to go on."""
    return page("home")


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """Answer a path that leads nowhere: with a page for people, with nothing for programs."""
    asked_for = b"".join(value for name, value in scope["headers"] if name == b"accept")
    answer = page("elsewhere", status=404) if b"text/html" in asked_for else ASGIResponse(status_code=404)
    await answer(scope, receive, send)
