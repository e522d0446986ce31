"""HTTP client of the demo's users: each request uses a connection of its own."""

import asyncio
import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from hourhook import __version__
from hourhook.errors import OperatorError


class ServerUnavailable(Exception):
    """The server cannot be reached."""


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request, together with its method and path."""

    method: str
    path: str
    status: int
    content: Any


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests to one server."""

    address: str

    async def request(self, method: str, path: str, token: str, body: Any = None) -> Response:
        """Send a request.

        Raises ``ServerUnavailable`` if there is no response, and ``OperatorError`` if its status is not 2xx.
        """
        response = await asyncio.to_thread(self._send, method, path, token, body)
        if not 200 <= response.status < 300:
            raise OperatorError(f"the demo's request {method} {path} failed with {response.status}: {response.content}")
        return response

    def _send(self, method: str, path: str, token: str, body: Any) -> Response:
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=10)
        headers = {"User-Agent": f"Hourhook-Demo/{__version__}", "X-NokoToken": token}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise ServerUnavailable(f"{method} {path}: {error!r}") from None
        finally:
            connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        return Response(method, path, response.status, json.loads(content) if is_json and content else content.decode())
