"""A TLS proxy in front of a server, like the reverse proxy of a public server."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.servers import EventLoopThread, free_socket


class TlsProxy:
    """A running proxy; it forwards TLS connections to ``address`` to the server at ``upstream_url``."""

    def __init__(self) -> None:
        self.socket = free_socket()
        self.address = f"https://localhost:{self.socket.getsockname()[1]}"
        self.upstream_url = ""

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Forward one connection in both directions."""
        parts = urlsplit(self.upstream_url)
        upstream_reader, upstream_writer = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(_forward(reader, upstream_writer), _forward(upstream_reader, writer))


@contextmanager
def running_tls_proxy(loop: EventLoopThread, context: ssl.SSLContext) -> Iterator[TlsProxy]:
    """Run a proxy in an event loop."""
    proxy = TlsProxy()
    server = loop.run(asyncio.start_server(proxy.serve, sock=proxy.socket, ssl=context))
    try:
        yield proxy
    finally:
        loop.run(_close(server))


async def _close(server: asyncio.Server) -> None:
    server.close()


async def _forward(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
