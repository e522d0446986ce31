"""CORS: access to the API from pages of other origins, by an allow-list (``docs/api/conventions.md#cors``)."""

from hourhook.http.asgi import Scope
from hourhook.http.responses import Headers, Response

_METHODS = b"GET, HEAD, POST, PUT, DELETE"
_REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-NokoToken, X-FreckleToken"
_RESPONSE_HEADERS = (
    b"Idempotent-Replayed, Link, Location, Retry-After, Status, X-Hourhook-Invitation, X-Hourhook-Position, "
    b"X-Request-Id"
)


class CorsPolicy:
    """The allowed origins, none by default; ``*`` allows all."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(origin.lower().encode() for origin in allowed)

    def headers(self, scope: Scope) -> Headers:
        """Return the headers that allow the page to read the response."""
        origin = self._allowed_origin(scope)
        if origin is None:
            return ()
        return ((b"access-control-allow-origin", origin), (b"access-control-expose-headers", _RESPONSE_HEADERS))

    def preflight(self, scope: Scope) -> Response | None:
        """Return the response to a preflight request; None for any other request."""
        if scope["method"] != "OPTIONS" or self._allowed_origin(scope) is None:
            return None
        if not any(name == b"access-control-request-method" for name, _ in scope["headers"]):
            return None
        return Response(
            204,
            headers=(
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _REQUEST_HEADERS),
                (b"access-control-max-age", b"600"),
            ),
        )

    def _allowed_origin(self, scope: Scope) -> bytes | None:
        if not self._allowed:
            return None
        for name, value in scope["headers"]:
            if name == b"origin":
                return value if b"*" in self._allowed or value.lower() in self._allowed else None
        return None
