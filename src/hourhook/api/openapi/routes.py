"""``/openapi.json`` and ``/docs``: the OpenAPI document and the page that shows it."""

from collections.abc import Mapping, Sequence

import msgspec

from hourhook.api.endpoints import Endpoint
from hourhook.api.openapi import docs_page
from hourhook.api.openapi.document import Json, build_document
from hourhook.domain.links import Links
from hourhook.http.asgi import Application
from hourhook.http.compression import Precompressed
from hourhook.http.lazy import Lazy
from hourhook.http.responses import HTML, Response
from hourhook.http.router import MethodRoutes


def openapi_routes(endpoints: Sequence[Endpoint], base_url: str) -> Mapping[str, Application]:
    """Return the routes. Document and page are built on the first request for each."""

    def make_document() -> Precompressed:
        return Precompressed(Response(200, encode(build_document(endpoints, base_url))))

    def make_page() -> Precompressed:
        body, policy = docs_page.render(build_document(endpoints, base_url), Links(base_url))
        return Precompressed(Response(200, body, ((b"content-security-policy", policy),), HTML))

    return {
        "/openapi.json": MethodRoutes({"GET": Lazy(make_document)}),
        "/docs": MethodRoutes({"GET": Lazy(make_page)}),
    }


def encode(document: Json) -> bytes:
    """Return the document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
