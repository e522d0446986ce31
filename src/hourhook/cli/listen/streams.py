"""Read the event stream of a server (``docs/api/events.md#stream``), each time over a connection of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from httptools import HttpParserError, HttpResponseParser

from hourhook import __version__
from hourhook.delivery.transports.http.tls import make_context
from hourhook.delivery.transports.http.uris import InvalidUri, parse_uri
from hourhook.domain.events.feed import Event
from hourhook.errors import OperatorError

CONNECT_SECONDS = 10.0
# Three times the interval at which the server sends comments.
SILENCE_SECONDS = 45.0
_READ_BYTES = 65_536
_BODY_LIMIT_BYTES = 65_536


class ConnectionLost(Exception):
    """The server cannot be reached, or no longer, or has a passing fault: connect again. The text says why."""


class Refused(OperatorError):
    """The server has refused the request, and would do so again."""


@dataclass(frozen=True, slots=True)
class AccountPosition:
    """The account of a token, and the position of its last event."""

    id: int
    name: str
    created_at: str
    position: int


class StreamClient:
    """Reads the account of a token and its events from one server."""

    def __init__(self, server: str, token: str, ca_file: str | None) -> None:
        """Raises ``OperatorError`` if the URL or the file of certificates is unusable."""
        self.server = server.rstrip("/")
        try:
            self._scheme = parse_uri(self.server).origin.scheme
        except InvalidUri as error:
            raise OperatorError(
                f"--server {server!r} {error}: name the server as in --server https://time.example.com"
            ) from None
        self._token = token
        self._context = make_context(ca_file) if self._scheme == "https" else None

    async def read_account(self) -> AccountPosition:
        """Return the account, as of now. Raises ``Refused`` and ``ConnectionLost``."""
        async with self._open("/v2/account") as response:
            body = await response.read_all()
            try:
                account, position = msgspec.json.decode(body), int(response.headers["x-hourhook-position"])
                return AccountPosition(account["id"], account["name"], account["created_at"], position)
            except (msgspec.DecodeError, LookupError, TypeError, ValueError):
                raise Refused(f"{self.server} is not a Hourhook server: check --server") from None

    @asynccontextmanager
    async def follow(self, after: int, types: str | None) -> AsyncIterator[AsyncIterator[Event]]:
        """Open the stream after a position. Raises ``Refused`` and ``ConnectionLost``, also while it is read."""
        query: dict[str, Any] = {"after": after, **({"types": types} if types is not None else {})}
        async with self._open(f"/v2/events/stream?{urlencode(query)}") as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise Refused(f"{self.server} has no event stream: check --server")
            yield _parse_events(response)

    @asynccontextmanager
    async def _open(self, path: str) -> AsyncIterator["_Response"]:
        """Send a request, and yield its response if it is a success."""
        destination = parse_uri(self.server + path)
        host, port = destination.origin.host, destination.origin.port
        request = (
            f"GET {destination.target} HTTP/1.1\r\nHost: {destination.host_header}\r\nX-NokoToken: {self._token}\r\n"
            f"User-Agent: Hourhook-Listen/{__version__}\r\nAccept: application/json, text/event-stream\r\n\r\n"
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, ssl=self._context)
        except ssl.SSLError as error:
            raise Refused(
                f"{self.server} has no certificate that is trusted ({error.reason}): name its authority in "
                "HOURHOOK_CA_FILE"
            ) from None
        except (OSError, UnicodeError) as error:
            raise ConnectionLost(_reason(error)) from None
        try:
            writer.write(request.encode())
            response = _Response(reader)
            await response.read_head()
            if response.status != 200:
                raise await self._failure(response)
            yield response
        finally:
            writer.transport.abort()

    async def _failure(self, response: "_Response") -> Exception:
        message = _error_message(await response.read_all())
        match response.status:
            case 401:
                return Refused(f"{self.server} does not know this token: check --token")
            case 403:
                return Refused("the user of this token may not read events: use a token of a leader or higher")
            case 400:
                return Refused(f"{self.server} refused the request: {message}")
            case 404 | 301 | 302 | 307 | 308:
                return Refused(f"{self.server} is not a Hourhook server ({response.status}): check --server")
        return ConnectionLost(f"the server answered {response.status}" + f": {message}" * bool(message))


class _Response:
    """A response that is parsed as it comes: its status and headers, then its body."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._reader = reader
        self._parser = HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._has_head = self._is_complete = False

    async def read_head(self) -> None:
        while not self._has_head:
            await self._feed(CONNECT_SECONDS)
        self.status = self._parser.get_status_code()

    async def read(self) -> bytes:
        """Return the next part of the body, b"" at its end."""
        while not self._chunks and not self._is_complete:
            await self._feed(SILENCE_SECONDS)
        read, self._chunks = b"".join(self._chunks), []
        return read

    async def read_all(self) -> bytes:
        """Return the body, up to a limit."""
        body = b""
        while len(body) < _BODY_LIMIT_BYTES and (part := await self.read()):
            body += part
        return body

    async def _feed(self, timeout_seconds: float) -> None:
        try:
            async with asyncio.timeout(timeout_seconds):
                data = await self._reader.read(_READ_BYTES)
            if not data:
                raise ConnectionLost("the server closed the connection")
            self._parser.feed_data(data)
        except OSError as error:
            raise ConnectionLost(_reason(error)) from None
        except HttpParserError:
            raise ConnectionLost("the response was not valid HTTP") from None

    # Called by the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._has_head = True

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)

    def on_message_complete(self) -> None:
        self._is_complete = True


async def _parse_events(response: _Response) -> AsyncIterator[Event]:
    buffer, data = b"", []
    while part := await response.read():
        *lines, buffer = (buffer + part).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[5:].strip())
            elif not line.strip() and data:
                yield msgspec.json.decode(b"\n".join(data), type=Event)
                data = []
    raise ConnectionLost("the server ended the stream")


def _error_message(body: bytes) -> str:
    """Return the words of an error response, in one line; "" if it has none."""
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return ""
    if not isinstance(content, Mapping):
        return ""
    details: list[Any] = [error.get("message") for error in content.get("errors") or () if isinstance(error, Mapping)]
    found = [text for text in details if isinstance(text, str)] or [str(content.get("message", ""))]
    return " ".join(" ".join(found).split())


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
