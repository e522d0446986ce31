"""``/openapi.json`` and ``/docs``: the API described for programs and for people."""

from collections.abc import Sequence
from functools import cache

import msgspec
from litestar import get
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.api import openapi, reader
from hourhook.api.answers import Answer
from hourhook.api.endpoints import Endpoint

_HTML = b"text/html; charset=utf-8"


def document_routes(endpoints: Sequence[Endpoint], base_url: str) -> Sequence[ControllerRouterHandler]:
    """The routes of the document and of the page that shows it, both made when they are first asked for."""

    @cache
    def document() -> Answer:
        return Answer(200, encode(openapi.document(endpoints, base_url)))

    @cache
    def page() -> Answer:
        body, policy = reader.render(openapi.document(endpoints, base_url))
        return Answer(200, body, ((b"content-security-policy", policy),), _HTML)

    @get("/openapi.json")
    async def show_document() -> ASGIApp:
        return document()

    @get("/docs")
    async def show_page() -> ASGIApp:
        return page()

    return [show_document, show_page]


def encode(document: openapi.Json) -> bytes:
    """The text of a document, for people to read too."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
