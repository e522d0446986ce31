"""What goes back to a caller: status, headers and the bytes of the body, refusals included.

(Contract, 00-conventions §5 and §8.)
"""

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from hourhook.domain.oauth.token_grants import INVALID_CLIENT
from hourhook.errors import (
    AccountLocked,
    FeatureNotIncluded,
    Forbidden,
    InvalidClient,
    MalformedBody,
    NotFound,
    Refusal,
    Unauthenticated,
    ValidationFailed,
)
from hourhook.http.asgi import Receive, Scope, Send

JSON = b"application/json; charset=utf-8"
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, ready to be sent; it is an ASGI application that sends itself."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    media_type: bytes = JSON

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        headers = [*self.headers]
        if self.body:
            headers.append((b"content-type", self.media_type))
        # A 204 has no body to measure.
        if self.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_response(status: int, content: object, headers: Headers = ()) -> Response:
    """An answer whose body is the JSON of anything that msgspec encodes."""
    return Response(status, msgspec.json.encode(content), headers)


def message_response(status: int, message: str, headers: Headers = ()) -> Response:
    """An answer that says one thing in ``message``."""
    return json_response(status, {"message": message}, headers)


def error_response(refusal: Refusal) -> Response:
    """The answer that the contract gives to a refusal."""
    if isinstance(refusal, ValidationFailed):
        errors = [{"resource": error.resource, "field": error.field, "code": error.code} for error in refusal.errors]
        return json_response(400, {"message": refusal.message, "errors": errors})
    if isinstance(refusal, MalformedBody):
        return message_response(400, str(refusal))
    return _REFUSALS[type(refusal)]


def method_not_allowed(allowed: Collection[str]) -> Response:
    """The answer to a verb that a path does not know; ``allowed`` are those that it does."""
    verbs = sorted({*allowed, "HEAD"} if "GET" in allowed else {*allowed})
    return message_response(405, "Method not allowed", ((b"allow", ", ".join(verbs).encode()),))


def server_error() -> Response:
    """The answer to a defect of ours; what it was is in the log only."""
    return message_response(500, "Server Error")


def service_unavailable() -> Response:
    """The answer while the database cannot be reached."""
    return message_response(503, "The database is not available at the moment", ((b"retry-after", b"1"),))


NOT_FOUND = Response(404)
UNAUTHORIZED = message_response(401, "Unauthorized", ((b"www-authenticate", b'Basic realm="noko", Bearer'),))
CONTENT_TOO_LARGE = message_response(413, "The body is larger than this server accepts")
MISSING_USER_AGENT = message_response(400, "User-Agent header is required")
TOO_MANY_REQUESTS = Response(429, headers=((b"retry-after", b"1"),))

_REFUSALS: dict[type[Refusal], Response] = {
    Unauthenticated: UNAUTHORIZED,
    Forbidden: message_response(403, "Forbidden"),
    FeatureNotIncluded: message_response(403, "Account does not include this feature"),
    NotFound: NOT_FOUND,
    InvalidClient: json_response(400, INVALID_CLIENT),
    AccountLocked: message_response(503, "Account is locked for maintenance"),
}
