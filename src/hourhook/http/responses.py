"""HTTP responses: status, headers and the bytes of the body."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from hourhook.errors import CommitUnknown, DatabaseUnavailable
from hourhook.http.asgi import Receive, Scope, Send

JSON = b"application/json; charset=utf-8"
HTML = b"text/html; charset=utf-8"
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Response:
    """One response. It is an ASGI application that sends itself.

    ``cause`` is the reason of a 503 for the operator: the line of the request in the log contains it. A 503 without one
    cannot be created.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    media_type: bytes = JSON
    cause: str | None = None

    def __post_init__(self) -> None:
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE and not self.cause:
            raise ValueError("a response with status 503 needs a cause")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.headers]
        if self.body:
            headers.append((b"content-type", self.media_type))
        # A 204 has no Content-Length (RFC 9110).
        if self.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers, "cause": self.cause})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """A response with status 200 whose body is made in parts, in a thread, each when the one before has been sent."""

    parts: Iterable[bytes]
    headers: Headers
    media_type: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.headers, (b"content-type", self.media_type)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        parts = iter(self.parts)
        while part := await asyncio.to_thread(next, parts, b""):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def json_response(status: int, content: object, headers: Headers = (), *, cause: str | None = None) -> Response:
    """Return a response with the JSON of anything that msgspec encodes."""
    return Response(status, msgspec.json.encode(content), headers, cause=cause)


def message_response(status: int, message: str, headers: Headers = (), *, cause: str | None = None) -> Response:
    return json_response(status, {"message": message}, headers, cause=cause)


def method_not_allowed(allowed: Collection[str]) -> Response:
    """Return the 405 of a path that allows these methods."""
    methods = sorted({*allowed, "HEAD"} if "GET" in allowed else {*allowed})
    return message_response(405, "Method not allowed", ((b"allow", ", ".join(methods).encode()),))


def server_error() -> Response:
    """Return the 500 of a defect, which says nothing about it: the log does."""
    return message_response(500, "Server Error")


def service_unavailable(error: DatabaseUnavailable) -> Response:
    """Return the 503 of an outage, with its reason; ``Retry-After`` only where a repeat cannot do a change twice."""
    if isinstance(error, CommitUnknown):
        message = f"{error.reason[:1].upper()}{error.reason[1:]}: look before you repeat the request"
        return message_response(503, message, cause=str(error))
    message = f"The database is not available at the moment: {error.reason}"
    return message_response(503, message, ((b"retry-after", b"1"),), cause=str(error))


def shutting_down(commits_count: int) -> Response:
    """Return the 503 to a request that the shutdown refuses or cuts off after a number of commits."""
    if commits_count:
        text = "The server is shutting down. The request was carried out in part: send it again to complete it"
        return message_response(503, text, _CLOSE, cause="shutting down, after a part of the request was committed")
    text = "The server is shutting down. Nothing was changed: send the request again"
    return message_response(503, text, ((b"retry-after", b"1"), *_CLOSE), cause="shutting down")


_CLOSE = ((b"connection", b"close"),)

NOT_FOUND = Response(404)
UNAUTHORIZED = message_response(401, "Unauthorized", ((b"www-authenticate", b'Basic realm="noko", Bearer'),))
CONTENT_TOO_LARGE = message_response(413, "The body is larger than this server accepts")
MISSING_USER_AGENT = message_response(400, "User-Agent header is required")
TOO_MANY_REQUESTS = Response(429, headers=((b"retry-after", b"1"),))
