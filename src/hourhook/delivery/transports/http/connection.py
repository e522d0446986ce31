"""One connection to a receiver: requests and their responses, one after the other."""

import asyncio
import ssl
from typing import cast

from hourhook.delivery.transports.http.exchanges import Exchange, Response


class HttpConnection(asyncio.Protocol):
    """An open connection to a checked address; post one request at a time."""

    def __init__(self, address: str) -> None:
        """Create the protocol of a connection that is about to open."""
        self.address = address
        self.transport: asyncio.Transport
        self.is_open = True
        self.requests_count = 0
        self.idle_since = 0.0
        self._exchange: Exchange | None = None

    async def post(self, request: bytes, timeout_seconds: float) -> Response:
        """Send a request and return the response, without what is missing of its body when the time is over.

        Raises ``TimeoutError`` if the head is not complete then, ``ConnectionBroken``, ``InvalidResponse``, and
        ``ssl.SSLError`` if the receiver refuses TLS only now, such as for want of a client certificate.
        """
        exchange = self._exchange = Exchange()
        timer = asyncio.get_running_loop().call_later(timeout_seconds, exchange.expire)
        self.requests_count += 1
        try:
            if self.is_open:
                self.transport.write(request)
            else:
                exchange.end(None)
            return await exchange.response
        finally:
            timer.cancel()
            self._exchange = None
            # What is still unread or unsent would be mistaken for a part of the next exchange.
            if not exchange.allows_reuse or self.transport.get_write_buffer_size():
                self.abort()

    @property
    def ssl_session(self) -> ssl.SSLSession | None:
        """Return the TLS session, which later connections can resume."""
        ssl_object = self.transport.get_extra_info("ssl_object")
        return None if ssl_object is None else ssl_object.session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Pass data to the exchange; close an idle connection that says anything."""
        if self._exchange is None:
            self.abort()
        else:
            self._exchange.feed(data)

    def connection_lost(self, error: Exception | None) -> None:
        """End the exchange."""
        self.is_open = False
        if self._exchange is not None:
            self._exchange.end(error)

    def abort(self) -> None:
        """Close the connection at once."""
        self.is_open = False
        self.transport.abort()
