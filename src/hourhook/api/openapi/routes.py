"""``/openapi.json`` and ``/docs``: the OpenAPI document and the page that shows it."""

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from hourhook.api.endpoints import Endpoint
from hourhook.api.openapi import docs_page
from hourhook.api.openapi.document import Json, build_document
from hourhook.domain.links import Links
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.compression import Precompressed
from hourhook.http.responses import HTML, Response
from hourhook.http.router import MethodRoutes


def openapi_routes(endpoints: Sequence[Endpoint], base_url: str) -> Mapping[str, Application]:
    """Return the routes. Document and page are built on the first request for each."""

    @cache
    def document() -> Precompressed:
        return Precompressed(Response(200, encode(build_document(endpoints, base_url))))

    @cache
    def page() -> Precompressed:
        body, policy = docs_page.render(build_document(endpoints, base_url), Links(base_url))
        return Precompressed(Response(200, body, ((b"content-security-policy", policy),), HTML))

    async def show_document(scope: Scope, receive: Receive, send: Send) -> None:
        await document()(scope, receive, send)

    async def show_page(scope: Scope, receive: Receive, send: Send) -> None:
        await page()(scope, receive, send)

    return {"/openapi.json": MethodRoutes({"GET": show_document}), "/docs": MethodRoutes({"GET": show_page})}


def encode(document: Json) -> bytes:
    """Return the document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
