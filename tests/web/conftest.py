"""Fixtures for pages: the server of an OAuth application, to which users are redirected."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.clients import Client
from tests.support.servers import EventLoopThread, free_socket, serving


@dataclass
class CallbackServer:
    """The server of an OAuth application."""

    uri: str
    client: Client
    # The queries of users who were redirected here.
    received_queries: list[str] = field(default_factory=list)


@pytest.fixture
def callback_server(_loop: EventLoopThread) -> Iterator[CallbackServer]:
    bound = free_socket()
    address = f"http://127.0.0.1:{bound.getsockname()[1]}"
    server = CallbackServer(f"{address}/cb", Client(address))

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        server.received_queries.append(scope["query_string"].decode())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"Welcome back"})

    with serving(_loop, application, bound):
        yield server
    server.client.close()
