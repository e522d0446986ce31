"""Proxies in front of PostgreSQL: one that swallows packets or breaks connections, and one that shares a session."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.support.servers import EventLoopThread, free_socket

# Of a client that asks for encryption, and the refusal.
ENCRYPTION_REQUESTS = (bytes.fromhex("0000000804d2162f"), bytes.fromhex("0000000804d21630"))
READY_FOR_QUERY = b"Z\0\0\0\5"
# Often executed, a statement is sent by a name.
COMMIT = b"COMMIT\0"
PREPARED_COMMIT = re.compile(rb"(\w+)\0COMMIT\0")

# A commit that never arrives, one whose answer is lost, or one that neither arrives nor ends.
CommitFault = Literal["lost", "unanswered", "pending"]


class Upstream:
    """The server behind a proxy."""

    def __init__(self, url: str) -> None:
        self._parameters = {name: str(value) for name, value in conninfo_to_dict(url).items()}

    async def connect(self) -> tuple[StreamReader, StreamWriter]:
        host, port = self._parameters.get("host", "127.0.0.1"), self._parameters.get("port", "5432")
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    def url_through(self, port: int) -> str:
        """Return the URL of the same database through a proxy on a port of this machine."""
        user, password = self._parameters.get("user", "postgres"), self._parameters.get("password", "")
        return f"postgresql://{user}:{quote(password)}@127.0.0.1:{port}/{self._parameters['dbname']}"


class DatabaseProxy:
    """Forwards connections until it is told to do worse."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(url)
        self.socket = free_socket()
        self.url = self._upstream.url_through(self.socket.getsockname()[1])
        # Whether new bytes, and those of open connections, get lost.
        self.swallows_all = False
        self._commit_fault: CommitFault | None = None
        self._commits_before = 0
        self._open: set[StreamWriter] = set()
        self._swallowed: set[StreamWriter] = set()

    def break_commit(self, fault: CommitFault, *, after: int = 0) -> None:
        """Break a commit; ``after`` is how many succeed before it."""
        self._commit_fault, self._commits_before = fault, after

    @property
    def has_broken_commit(self) -> bool:
        return self._commit_fault is None

    def swallow_open_connections(self) -> None:
        """Lose all further bytes of the connections that are open now."""
        self._swallowed |= self._open

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Forward one connection in both directions."""
        self._open.add(writer)
        upstream_reader, upstream_writer = await self._upstream.connect()
        with suppress(ConnectionError):
            await asyncio.gather(
                self._forward(reader, upstream_writer, writer, is_request=True),
                self._forward(upstream_reader, writer, writer, is_request=False),
            )

    async def _forward(
        self, source: StreamReader, target: StreamWriter, client: StreamWriter, *, is_request: bool
    ) -> None:
        commits = {COMMIT}
        while chunk := await source.read(65_536):
            commits |= {name + b"\0" for name in PREPARED_COMMIT.findall(chunk)}
            if self.swallows_all or client in self._swallowed:
                continue
            if is_request and self._commit_fault is not None and any(commit in chunk for commit in commits):
                self._commits_before -= 1
                if self._commits_before < 0:
                    await self._break(chunk, target, client)
                    return
            if target.transport.is_closing():
                break
            target.write(chunk)
            await target.drain()
        target.close()

    async def _break(self, chunk: bytes, target: StreamWriter, client: StreamWriter) -> None:
        fault, self._commit_fault = self._commit_fault, None
        if fault == "unanswered":
            self._swallowed.add(client)
            target.write(chunk)
            await target.drain()
        client.transport.abort()
        if fault == "lost":
            target.transport.abort()


class SharingPooler:
    """A pooler that gives all clients the same session of the server, as transaction pooling may."""

    def __init__(self, url: str) -> None:
        self._upstream = Upstream(url)
        self.socket = free_socket()
        self.url = self._upstream.url_through(self.socket.getsockname()[1])
        self._session: tuple[StreamReader, StreamWriter] | None = None
        self._greeting = b""

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one client; the first one opens the session."""
        startup = await reader.read(65_536)
        while startup in ENCRYPTION_REQUESTS:
            writer.write(b"N")
            startup = await reader.read(65_536)
        if self._session is None:
            self._session = await self._upstream.connect()
            self._greeting = await self._ask(startup)
        writer.write(self._greeting)
        while chunk := await reader.read(65_536):
            if chunk.startswith(b"X"):
                break
            writer.write(await self._ask(chunk))
        writer.close()

    async def _ask(self, chunk: bytes) -> bytes:
        assert self._session is not None
        reader, writer = self._session
        writer.write(chunk)
        answer = b""
        while answer[-6:-1] != READY_FOR_QUERY:
            answer += await reader.read(65_536)
        return answer


@contextmanager
def running_proxy(loop: EventLoopThread, proxy: DatabaseProxy | SharingPooler) -> Iterator[None]:
    """Run a proxy in an event loop."""
    server = loop.run(asyncio.start_server(proxy.serve, sock=proxy.socket))
    try:
        yield
    finally:
        loop.run(_close(server))


async def _close(server: asyncio.Server) -> None:
    server.close()
