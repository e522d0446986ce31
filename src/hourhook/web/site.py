"""All pages together, as the application takes them: their routes, and what answers where there is none."""

from collections.abc import Sequence
from typing import Any

from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from hourhook.domain.outside import Outside
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web.invoices import invoice_routes
from hourhook.web.pages import page


def routes(settings: Settings, database: Database, outside: Outside) -> Sequence[ControllerRouterHandler]:
    """The routes of all pages."""
    return [*invoice_routes(database)]


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """Answer a path that leads nowhere: with a page for people, with nothing for programs."""
    asked_for = b"".join(value for name, value in scope["headers"] if name == b"accept")
    answer = page("elsewhere", status=404) if b"text/html" in asked_for else ASGIResponse(status_code=404)
    await answer(scope, receive, send)
