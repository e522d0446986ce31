"""HTTP as it arrives: what is no HTTP is refused in JSON, and nobody sends for ever."""

from asyncio import Transport
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hourhook.http.asgi import Application
from hourhook.http.responses import message_response

MAX_HEADER_BYTES = 65_536
# From a connection, or the first byte of a request on it, to the end of the request's head.
HEADER_TIMEOUT_SECONDS = 30.0
# From there to the end of its body, whether anybody reads it or not.
BODY_TIMEOUT_SECONDS = 60.0
# From an answer to the next request on its connection. Who hangs up first must be the other side, or a request that
# is on its way then is lost: proxies and clients keep idle connections for 60 s (nginx), 90 s (Go) or 120 s (Caddy).
KEEP_ALIVE_SECONDS = 130


class LimitedHttpProtocol(HttpToolsProtocol):
    """The server's protocol, which by itself takes heads of any size, and waits for ever."""

    header_timeout_seconds = HEADER_TIMEOUT_SECONDS
    body_timeout_seconds = BODY_TIMEOUT_SECONDS

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.header_timeout_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head_bytes = 0
        self._expect_within(self.header_timeout_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hand a request on."""
        self._expect_within(self.body_timeout_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._deadline.cancel()
        super().on_message_complete()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(name, value)
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, and hang up."""
        body = message_response(400, msg).body
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            "content-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _expect_within(self, seconds: float) -> None:
        self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > MAX_HEADER_BYTES:
            # The parser passes this on as a request that is no HTTP.
            raise ValueError("the head of the request is too large")


def server_config(
    app: Application,
    *,
    header_timeout_seconds: float = HEADER_TIMEOUT_SECONDS,
    body_timeout_seconds: float = BODY_TIMEOUT_SECONDS,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
    **others: Any,
) -> uvicorn.Config:
    """How the application is served, wherever it is."""
    return uvicorn.Config(
        app,
        http=type(
            "LimitedHttpProtocol",
            (LimitedHttpProtocol,),
            {"header_timeout_seconds": header_timeout_seconds, "body_timeout_seconds": body_timeout_seconds},
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=keep_alive_seconds,
        # Which proxies are believed is a setting of ours (see ``clients``).
        proxy_headers=False,
        **others,
    )
