"""Serve the real application on a real port, in a thread."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
import uvloop

from hourhook.http.asgi import Application
from hourhook.http.server import server_config

T = TypeVar("T")


class EventLoopThread:
    """An event loop in a thread, which any number of servers share."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop; return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def free_socket() -> socket.socket:
    """Return a socket that is bound to a free port of 127.0.0.1."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


@contextmanager
def serving(loop: EventLoopThread, app: Application, bound: socket.socket, **options: Any) -> Iterator[None]:
    """Serve an application on a socket; ``options`` are those of ``server_config``."""
    server = uvicorn.Server(server_config(app, **options))
    loop.run(_start(server, bound))
    try:
        yield
    finally:
        loop.run(_stop(server))
        bound.close()


async def _start(server: uvicorn.Server, bound: socket.socket) -> None:
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[bound])


async def _stop(server: uvicorn.Server) -> None:
    # The server's own shutdown would wait for connections that tests leave open.
    for listening in server.servers:
        listening.close()
    for connection in [*server.server_state.connections]:
        connection.shutdown()
    await server.lifespan.shutdown()
