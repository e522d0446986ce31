"""A small HTTP client that sends only the headers and body that a test specifies."""

import base64
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

USER_AGENT = "Tests/1.0"


@dataclass(frozen=True)
class Response:
    """A response of a server; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    # The values of all ``Set-Cookie`` headers.
    set_cookies: tuple[str, ...] = ()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """The field and code of each error in the body."""
        return [(error["field"], error["code"]) for error in self.json()["errors"]]

    @property
    def refusal(self) -> dict[str, Any]:
        """The body of an error without the ``message`` of each error, which must be a sentence."""
        body: dict[str, Any] = self.json()
        for error in body.get("errors", ()):
            message = error.pop("message")
            assert re.fullmatch(r"\S.+\.", message), message
        return body

    @property
    def links(self) -> dict[str, str]:
        """The URLs of the ``Link`` header, by ``rel``."""
        parts = [part.split("; ") for part in self.headers.get("link", "").split(", ") if part]
        return {rel.removeprefix('rel="').rstrip('"'): url.strip("<>") for url, rel in parts}


class Client:
    """Sends requests to one server, with one token unless the headers of a request override it."""

    timeout_seconds = 30

    def __init__(self, base_url: str, token: str | None = None) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname is not None
        self.base_url = base_url
        self.address = (parts.hostname, parts.port or 80)
        self._token = token
        self._connection: HTTPConnection | None = None
        self._clients_of_server = [self]

    def with_token(self, token: str | None) -> "Client":
        """Return a client of the same server that sends another token, or none."""
        client = Client(self.base_url, token)
        client._clients_of_server = self._clients_of_server
        self._clients_of_server.append(client)
        return client

    def get(self, path: str, query: Any = None, **headers: str | None) -> Response:
        return self.request("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any = b"", query: Any = None, **headers: str | None) -> Response:
        return self.request("POST", path, body=body, query=query, headers=headers)

    def put(self, path: str, body: Any = b"", query: Any = None, **headers: str | None) -> Response:
        return self.request("PUT", path, body=body, query=query, headers=headers)

    def delete(self, path: str, body: Any = b"", **headers: str | None) -> Response:
        return self.request("DELETE", path, body=body, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = b"",
        query: Mapping[str, Any] | Sequence[tuple[str, Any]] | str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Response:
        """Send one request; ``path`` may also be an absolute URL of the server.

        A body that is not bytes is sent as JSON. A header that is None is omitted; ``_`` in a header name means ``-``.
        """
        target = path
        if path.startswith("http"):
            parts = urlsplit(path)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        if query:
            target += ("&" if "?" in target else "?") + (query if isinstance(query, str) else urlencode(query))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: dict[str, str | None] = {
            "user-agent": USER_AGENT,
            "content-length": str(len(content)) if content else None,
        }
        if method in ("POST", "PUT"):
            sent["content-length"] = str(len(content))
        if self._token is not None:
            sent["x-nokotoken"] = self._token
        sent |= {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
        return self._send(method, target, content, {name: value for name, value in sent.items() if value is not None})

    def send_raw(self, data: bytes, *, timeout_seconds: float = 10) -> bytes:
        """Send bytes unchanged on a new connection; return everything received until the server closes it."""
        with self.connect(timeout_seconds=timeout_seconds) as connection:
            connection.sendall(data)
            return read_until_closed(connection)

    def connect(self, *, timeout_seconds: float = 10) -> socket.socket:
        """Open a connection, for input that a well-behaved client does not send."""
        return socket.create_connection(self.address, timeout=timeout_seconds)

    def close(self) -> None:
        """Close the connections of this client and of all clients made from it with ``with_token``."""
        for client in self._clients_of_server:
            if client._connection is not None:
                client._connection.close()
                client._connection = None

    def _send(self, method: str, target: str, content: bytes, headers: dict[str, str]) -> Response:
        if self._connection is None:
            self._connection = HTTPConnection(*self.address, timeout=self.timeout_seconds)
        connection = self._connection
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(content or None)
            response = connection.getresponse()
            body = response.read()
        except BaseException:
            self._connection = None
            connection.close()
            raise
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, headers, body, tuple(response.headers.get_all("set-cookie") or ()))


def read_until_closed(connection: socket.socket) -> bytes:
    """Return all bytes received until the peer closes the connection."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def basic_auth(username: str, password: str = "") -> str:
    """Return the value of an ``Authorization`` header for HTTP Basic."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
