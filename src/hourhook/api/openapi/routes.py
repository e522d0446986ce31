"""Serve the descriptions for machines, and ``/docs``, the page that shows the API to people.

They are ``/openapi.json``, ``/asyncapi.json``, and the JSON Schema of each payload below ``/schemas/events``.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from hourhook.api.asyncapi import build_asyncapi
from hourhook.api.endpoints import Endpoint
from hourhook.api.openapi import docs_page
from hourhook.api.openapi.document import Json, build_document
from hourhook.domain.events.schemas import SCHEMA_TYPES, schema_document, schema_path
from hourhook.domain.links import Links
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.compression import Precompressed
from hourhook.http.context import get_context
from hourhook.http.lazy import Lazy
from hourhook.http.responses import HTML, JSON, Response
from hourhook.http.router import MethodRoutes

_JSON_SCHEMA = b"application/schema+json"


def openapi_routes(endpoints: Sequence[Endpoint], base_url: str) -> Mapping[str, Application]:
    """Return the routes. Each document is built on the first request for it."""

    def make_page() -> Precompressed:
        body, policy = docs_page.render(build_document(endpoints, base_url), Links(base_url))
        return Precompressed(Response(200, body, ((b"content-security-policy", policy),), HTML))

    return {
        "/openapi.json": _document(lambda: build_document(endpoints, base_url)),
        "/asyncapi.json": _document(lambda: build_asyncapi(base_url)),
        "/docs": MethodRoutes({"GET": Lazy(make_page)}),
        **{schema_path(type): _schema(type, base_url) for type in SCHEMA_TYPES},
    }


def encode(document: Json) -> bytes:
    """Return the document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _document(build: Callable[[], Json], media_type: bytes = JSON) -> Application:
    def make() -> Precompressed:
        return Precompressed(Response(200, encode(build()), media_type=media_type))

    return MethodRoutes({"GET": Lazy(make)})


def _schema(type: str, base_url: str) -> Application:
    application = _document(partial(schema_document, type, base_url), _JSON_SCHEMA)

    async def show(scope: Scope, receive: Receive, send: Send) -> None:
        # One route in logs and metrics for all schemas.
        get_context(scope).route = schema_path("{type}")
        await application(scope, receive, send)

    return show
