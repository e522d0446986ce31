"""A proxy that speaks TLS in front of a server, as one stands before a server that is reached from elsewhere."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.servers import EventLoopThread, free_socket


class TlsProxy:
    """A running proxy; whoever speaks TLS to ``address`` speaks to the server that ``upstream_url`` says."""

    def __init__(self) -> None:
        self.socket = free_socket()
        self.address = f"https://localhost:{self.socket.getsockname()[1]}"
        self.upstream_url = ""

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Pass on what one connection carries."""
        parts = urlsplit(self.upstream_url)
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))


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


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while part := await reader.read(65_536):
            writer.write(part)
            await writer.drain()
    writer.close()
