"""Compress responses with gzip for clients that accept it (RFC 9110, section 12.5.3)."""

import asyncio
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.responses import JSON, Response

# Smaller bodies fit into one packet either way.
MIN_BYTES: Final = 1_000
# Larger bodies are compressed in a thread, since that takes milliseconds.
_MAX_BYTES_IN_LOOP = 32_768
_LEVEL = 5
ENCODED: Final = (b"content-encoding", b"gzip")


def accepts_gzip(scope: Scope) -> bool:
    """Return whether the client accepts gzip, by the weights of its ``Accept-Encoding``."""
    stated = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    if not stated:
        return False
    weights: dict[str, float] = {}
    for part in stated.decode("latin-1").lower().split(","):
        coding, _, parameters = part.partition(";")
        weights[coding.strip()] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def is_compressible(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Return whether a response with these headers of its own is JSON, large enough, and not negotiated yet."""
    is_json = is_large = False
    for name, value in headers:
        if name == b"content-length":
            is_large = int(value) >= MIN_BYTES
        elif name == b"content-type":
            is_json = value == JSON
        elif name == b"vary":
            return False
    return is_json and is_large


def with_vary(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return response headers whose ``Vary`` names ``Accept-Encoding`` as well."""
    fields = [b"Accept-Encoding", *(value for name, value in headers if name == b"vary")]
    return [*(pair for pair in headers if pair[0] != b"vary"), (b"vary", b", ".join(reversed(fields)))]


def encoded_headers(headers: Sequence[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    """Return the headers of a response for its compressed body."""
    kept = [pair for pair in headers if pair[0] != b"content-length"]
    return [*kept, ENCODED, (b"content-length", b"%d" % length)]


async def compress(body: bytes) -> bytes:
    if len(body) <= _MAX_BYTES_IN_LOOP:
        return _compress(body)
    return await asyncio.to_thread(_compress, body)


@dataclass
class Precompressed:
    """An ASGI application that sends one response, compressed once for all clients that accept it."""

    response: Response
    _compressed: Response = field(init=False)

    def __post_init__(self) -> None:
        self.response = replace(self.response, headers=(*self.response.headers, (b"vary", b"Accept-Encoding")))
        body = gzip.compress(self.response.body, mtime=0)
        self._compressed = replace(self.response, body=body, headers=(*self.response.headers, ENCODED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._compressed if accepts_gzip(scope) else self.response)(scope, receive, send)


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
