"""The API as the people of the demo use it: one request after another, each on a connection of its own."""

import asyncio
import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from hourhook import __version__
from hourhook.errors import OperatorError


class ServerUnavailable(Exception):
    """Nobody answers where the server is."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the server said to a request."""

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

        Raises ``ServerUnavailable`` when there is no answer, and ``OperatorError`` for one that is no success.
        """
        response = await asyncio.to_thread(self._send, method, path, token, body)
        if not 200 <= response.status < 300:
            raise OperatorError(f"the demo got {response.status} for {method} {path}: {response.content}")
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
