"""The bodies of requests: read up to a limit, parsed as JSON whatever their type says (contract, 00-conventions §4)."""

from typing import Any

import msgspec

from hourhook.errors import MalformedBody, Refusal
from hourhook.http.asgi import Receive, Scope


class BodyTooLarge(Refusal):
    """The body is over the limit: 413."""


class ClientDisconnected(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """Take the whole body.

    Raises ``BodyTooLarge`` as soon as it is known to be, whatever Content-Length says, and ``ClientDisconnected``.
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
    """The object that a body holds, ``{}`` when it is empty (raises ``MalformedBody``)."""
    if not body.strip():
        return {}
    try:
        parsed = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        # What msgspec says of bad JSON, of bad UTF-8, of too deep a nesting and of numbers without end.
        raise MalformedBody("JSON Parsing Error") from None
    if not isinstance(parsed, dict):
        raise MalformedBody("Body should be JSON Hash")
    return parsed
