"""Read the bodies of requests, up to a limit, and parse those that are JSON (``docs/api/conventions.md``)."""

from typing import Any

import msgspec

from hourhook.errors import MalformedBody, Refusal
from hourhook.http.asgi import Receive, Scope


class BodyTooLarge(Refusal):
    """The body is larger than the limit: 413."""


class ClientDisconnected(Exception):
    """The client closed the connection before its request was complete, so no response is sent."""


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """Read the whole body.

    Raises ``BodyTooLarge`` as early as possible, whatever ``Content-Length`` says, and ``ClientDisconnected``.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and (len(value) > 18 or int(value) > limit_bytes):
            raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnected
        part = message.get("body", b"")
        size += len(part)
        if size > limit_bytes:
            raise BodyTooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def parse_body(body: bytes) -> dict[str, Any]:
    """Parse a JSON object, whatever the ``Content-Type``; an empty body is ``{}``. Raises ``MalformedBody``."""
    if not body.strip():
        return {}
    try:
        parsed = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        # msgspec raises these for bad JSON, bad UTF-8, deep nesting and numbers that are too long.
        raise MalformedBody("JSON Parsing Error") from None
    if not isinstance(parsed, dict):
        raise MalformedBody("Body should be JSON Hash")
    return parsed
