"""Exchanges: the response to one request, as it arrives (HTTP/1.1, RFC 9112).

The status line decides about a response; its body is read up to the log's limit. What a receiver may send is bounded:
the size of the head, the number of its headers, and the body.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from hourhook.delivery.transports.http.heads import HEAD_LIMIT_BYTES, HEADERS_LIMIT_COUNT, repair_head
from hourhook.delivery.transports.outcomes import BODY_LIMIT_BYTES

_VERSION = b"HTTP/1."
_SWITCHING_PROTOCOLS = 101


class ConnectionBroken(Exception):
    """The connection ended before the head of a response was complete."""

    def __init__(self, has_received: bool) -> None:
        """Note whether any byte of a response has been received."""
        super().__init__()
        self.has_received = has_received


class InvalidResponse(Exception):
    """The response is not HTTP/1, or its head exceeds the limits."""


@dataclass(slots=True)
class Response:
    """A response: its status, headers with names in lower case, and the beginning of its body."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)


# Called with the response to a request, or with the exception that took its place.
OnEnd = Callable[[Response | None, Exception | None], None]


class Exchange:
    """Parse the response to one request. ``on_end`` is called as soon as enough of it has arrived.

    Without a response it is called with a ``TimeoutError``, ``ConnectionBroken``, ``InvalidResponse``, or an error of
    TLS.
    """

    __slots__ = (
        "_head",
        "_headers",
        "_is_complete",
        "_is_repaired",
        "_on_end",
        "_parser",
        "_response",
        "allows_reuse",
        "deadline",
        "is_ended",
    )

    def __init__(self, on_end: OnEnd, deadline: float) -> None:
        """Expect a response until ``deadline``, by the monotonic clock; then ``expire`` is to be called."""
        self._on_end = on_end
        self.deadline = deadline
        self.is_ended = False
        # Whether the connection is ready for another request, once the response is done.
        self.allows_reuse = False
        self._head = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._response: Response | None = None  # as soon as the head is complete
        self._is_complete = False
        self._is_repaired = False
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Parse what has arrived."""
        if self.is_ended:
            self.allows_reuse = False
        elif self._response is None:
            self._feed_head(data)
        else:
            self._feed_body(data)

    def expire(self) -> None:
        """End the exchange at its deadline."""
        self._end(TimeoutError())

    def end(self, error: Exception | None) -> None:
        """End the exchange because the connection has ended."""
        self._end(error if isinstance(error, ssl.SSLError) else ConnectionBroken(bool(self._head)))

    # Called by the parser

    def on_message_begin(self) -> None:
        """Refuse to reuse a connection on which a second response begins."""
        if self._is_complete:
            self.allows_reuse = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start the response, unless it is an interim one (RFC 9110 section 15.2)."""
        if len(self._headers) > HEADERS_LIMIT_COUNT:
            return
        status = self._parser.get_status_code()
        if status >= 200 or status == _SWITCHING_PROTOCOLS:
            headers = [(_text(name).lower(), _text(value)) for name, value in self._headers]
            self._response = Response(status, headers)
        self._headers = []

    def on_body(self, data: bytes) -> None:
        """Collect the body, up to the limit."""
        if self._response is not None and len(self._response.body) < BODY_LIMIT_BYTES:
            self._response.body += data[: BODY_LIMIT_BYTES - len(self._response.body)]

    def on_message_complete(self) -> None:
        """Note the end of the response."""
        if self._response is not None and not self._is_complete:
            self._is_complete = True
            self.allows_reuse = self._parser.should_keep_alive() and self._response.status != _SWITCHING_PROTOCOLS

    def _feed_head(self, data: bytes) -> None:
        self._head += data
        if not self._head.startswith(_VERSION[: len(self._head)]):
            self._fail()
            return
        if self._is_repaired:
            self._repair()
        else:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade:
                pass
            except HttpParserError:
                if self._response is None:
                    self._repair()
                else:
                    self._finish_broken()
        if self._response is None and (len(self._head) > HEAD_LIMIT_BYTES or len(self._headers) > HEADERS_LIMIT_COUNT):
            self._fail()
        self._finish_if_read()

    def _repair(self) -> None:
        """Parse the head anew, repaired, as soon as all of it is here."""
        self._is_repaired = True
        repaired = repair_head(self._head)
        if repaired is None:
            return
        self._headers = []
        self._parser = HttpResponseParser(self)
        try:
            self._parser.feed_data(repaired)
        except HttpParserUpgrade:
            pass
        except HttpParserError:
            if self._response is None:
                self._fail()
            else:
                self._finish_broken()

    def _feed_body(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._finish_broken()
        self._finish_if_read()

    def _finish_if_read(self) -> None:
        if self._response is not None and (self._is_complete or len(self._response.body) >= BODY_LIMIT_BYTES):
            self._finish(self._response)

    def _finish_broken(self) -> None:
        """Finish with what there is: what follows the head or the body is not HTTP."""
        self.allows_reuse = False
        if self._response is not None:
            self._finish(self._response)

    def _finish(self, response: Response) -> None:
        self._end_with(response, None)

    def _fail(self) -> None:
        self._end(InvalidResponse())

    def _end(self, error: Exception) -> None:
        self.allows_reuse = False
        self._end_with(self._response, error if self._response is None else None)

    def _end_with(self, response: Response | None, error: Exception | None) -> None:
        if self.is_ended:
            return
        self.is_ended = True
        # The two refer to each other, and are to be freed now, not by the garbage collector.
        del self._parser
        self._on_end(response, error)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
