"""``/openapi.json`` and ``/docs``: the API described for programs and for people."""

from collections.abc import Sequence
from functools import cache

import msgspec
from litestar import get
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.api.endpoints import Endpoint
from hourhook.api.openapi import docs_page
from hourhook.api.openapi.document import Json, build_document
from hourhook.http.responses import Response

_HTML = b"text/html; charset=utf-8"


def openapi_routes(endpoints: Sequence[Endpoint], base_url: str) -> Sequence[ControllerRouterHandler]:
    """The routes of the document and of the page that shows it, both made when they are first asked for."""

    @cache
    def document() -> Response:
        return Response(200, encode(build_document(endpoints, base_url)))

    @cache
    def page() -> Response:
        body, policy = docs_page.render(build_document(endpoints, base_url))
        return Response(200, body, ((b"content-security-policy", policy),), _HTML)

    @get("/openapi.json")
    async def show_document() -> ASGIApp:
        return document()

    @get("/docs")
    async def show_page() -> ASGIApp:
        return page()

    return [show_document, show_page]


def encode(document: Json) -> bytes:
    """The text of a document, for people to read too."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
