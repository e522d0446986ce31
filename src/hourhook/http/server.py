"""The HTTP server: uvicorn with limits on the size and the duration of requests."""

from asyncio import TimerHandle, Transport
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hourhook.http.asgi import Application
from hourhook.http.responses import message_response

MAX_HEADER_BYTES = 65_536
# From the connection, or the first byte of a request on it, to the end of its headers.
HEADER_TIMEOUT_SECONDS = 30.0
# From there to the end of the body, whether it is read or not.
BODY_TIMEOUT_SECONDS = 60.0
# How long a client may leave a response unread once the buffers are full.
READ_TIMEOUT_SECONDS = 60.0
# From a response to the next request on its connection. The client must close first, or a request already in flight is
# lost: proxies and clients keep idle connections for 60 s (nginx), 90 s (Go) or 120 s (Caddy).
KEEP_ALIVE_SECONDS = 130
# Each connection needs a file descriptor.
MAX_CONNECTIONS = 10_000
REFUSAL_SECONDS = 1.0
REFUSALS_LOG_SECONDS = 60.0

_log = structlog.get_logger()


class LimitedHttpProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, with the limits on headers and bodies that it lacks. Errors are in JSON."""

    header_timeout_seconds = HEADER_TIMEOUT_SECONDS
    body_timeout_seconds = BODY_TIMEOUT_SECONDS
    read_timeout_seconds = READ_TIMEOUT_SECONDS
    _unread_deadline: TimerHandle | None = None
    max_connections = MAX_CONNECTIONS
    refusal_logged_at: float | None = None
    _is_refused = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.header_timeout_seconds, transport.close)
        if len(self.connections) > self.max_connections:
            self._refuse_connection()

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Closing would wait for the client; aborting frees the connection and its buffers.
        self._unread_deadline = self.loop.call_later(self.read_timeout_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_waiting_for_reader()
        super().resume_writing()

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._expect_within(self.header_timeout_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._expect_within(self.body_timeout_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._deadline.cancel()
        super().on_message_complete()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name, value)
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Respond to invalid HTTP, and close the connection."""
        self.transport.write(_encode("400 Bad Request", message_response(400, msg).body))
        self.transport.close()

    def _stop_waiting_for_reader(self) -> None:
        if self._unread_deadline is not None:
            self._unread_deadline.cancel()
            self._unread_deadline = None

    def _refuse_connection(self) -> None:
        reason = "too many connections are open: close idle ones, and repeat the request later"
        response = message_response(503, reason, cause=reason)
        self._is_refused = True
        self.transport.write(_encode("503 Service Unavailable", response.body, "retry-after: 1\r\n"))
        # Not closed at once: with the request unread, the client would see a reset instead of the response.
        self.transport.write_eof()
        self._expect_within(REFUSAL_SECONDS)
        now, logged_at = self.loop.time(), type(self).refusal_logged_at
        if logged_at is None or now - logged_at >= REFUSALS_LOG_SECONDS:
            type(self).refusal_logged_at = now
            _log.warning("connection refused: too many are open", limit=self.max_connections)

    def _expect_within(self, seconds: float) -> None:
        self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > MAX_HEADER_BYTES:
            # The parser treats an exception as invalid HTTP.
            raise ValueError("the head of the request is too large")


def _encode(status: str, body: bytes, header: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\n"
        "content-type: application/json; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\n{header}"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body


def server_config(
    app: Application,
    *,
    header_timeout_seconds: float = HEADER_TIMEOUT_SECONDS,
    body_timeout_seconds: float = BODY_TIMEOUT_SECONDS,
    read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    max_connections: int = MAX_CONNECTIONS,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
    **others: Any,
) -> uvicorn.Config:
    """Return the configuration of a server for the application."""
    return uvicorn.Config(
        app,
        http=type(
            "LimitedHttpProtocol",
            (LimitedHttpProtocol,),
            {
                "header_timeout_seconds": header_timeout_seconds,
                "body_timeout_seconds": body_timeout_seconds,
                "read_timeout_seconds": read_timeout_seconds,
                "max_connections": max_connections,
            },
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=keep_alive_seconds,
        # ``client_addresses`` evaluates the headers of trusted proxies.
        proxy_headers=False,
        **others,
    )
