"""One connection to a receiver: requests and their responses, one after the other."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import cast

from hourhook.delivery.transports.http.deadlines import Deadlines
from hourhook.delivery.transports.http.exchanges import Exchange, OnEnd, Response


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
        self._on_end: OnEnd
        self._deadlines: Deadlines
        self._at_close: Callable[[], None] | None = None

    def post(self, request: bytes, deadline: float, deadlines: Deadlines, on_end: OnEnd) -> None:
        """Send a request, and call ``on_end`` with the response, without what is missing of its body at the deadline.

        Or with a ``TimeoutError`` if the head is not complete then, ``ConnectionBroken``, ``InvalidResponse``, or an
        ``ssl.SSLError`` if the receiver refuses TLS only now, such as for want of a client certificate.
        """
        self._on_end, self._deadlines = on_end, deadlines
        exchange = self._exchange = Exchange(self._end_exchange, deadline)
        deadlines.add(exchange)
        self.requests_count += 1
        if self.is_open:
            self.transport.write(request)
        else:
            exchange.end(None)

    def cancel(self) -> None:
        """Give up the request in flight, and with it the connection; ``on_end`` is not called."""
        if self._exchange is not None:
            self._deadlines.discard(self._exchange)
            self._exchange = None
        self.abort()

    def _end_exchange(self, response: Response | None, error: Exception | None) -> None:
        exchange, on_end = self._exchange, self._on_end
        assert exchange is not None
        self._exchange = None
        self._deadlines.discard(exchange)
        # What is still unread or unsent would be mistaken for a part of the next exchange.
        if not exchange.allows_reuse or self.transport.get_write_buffer_size():
            self.abort()
        on_end(response, error)

    def keep_session(self, keep: Callable[[ssl.SSLObject], None]) -> None:
        """Call ``keep`` with the TLS object once the connection is closed, or now if it is."""
        self._at_close = partial(keep, self.transport.get_extra_info("ssl_object"))
        if not self.is_open:
            self._close()

    def _close(self) -> None:
        self.is_open = False
        at_close, self._at_close = self._at_close, None
        if at_close is not None:
            at_close()

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
        self._close()
        if self._exchange is not None:
            self._exchange.end(error)

    def abort(self) -> None:
        """Close the connection at once."""
        self._close()
        self.transport.abort()
