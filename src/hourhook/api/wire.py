"""HTTP as it arrives: what is no HTTP is refused in JSON, and heads of requests are bounded."""

from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hourhook.api.answers import message_answer
from hourhook.api.asgi import Application

LARGEST_HEAD_BYTES = 65_536


class Wire(HttpToolsProtocol):
    """The server's protocol, which by itself takes heads of any size."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head_bytes = 0
        super().on_message_begin()

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
        body = message_answer(400, msg).body
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            "content-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > LARGEST_HEAD_BYTES:
            # The parser passes this on as a request that is no HTTP.
            raise ValueError("the head of the request is too large")


def server_options(app: Application, **others: Any) -> uvicorn.Config:
    """How the application is served, wherever it is."""
    return uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Which proxies are believed is a setting of ours (see ``clients``).
        proxy_headers=False,
        **others,
    )
