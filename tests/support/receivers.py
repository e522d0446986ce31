"""Receivers on loopback that answer by a script, for whatever sends to them: well-behaved, broken and hostile."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """What a receiver was sent; the names of headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class ClientConnection:
    """Who has sent a request and waits for the answer."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes, whatever they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def leaves(self, within_seconds: float | None = None) -> bool:
        """Wait for the caller to hang up; False where it still listens after ``within_seconds``."""
        try:
            async with asyncio.timeout(within_seconds):
                await self.reader.read()
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def hang_up(self) -> None:
        """Close the connection in good order."""
        self.writer.close()

    def reset(self) -> None:
        """Break the connection off, so that the caller gets a reset."""
        linger_not = struct.pack("ii", 1, 0)
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        self.writer.transport.abort()


Handler = Callable[[ClientConnection], Awaitable[None]]


@dataclass(slots=True)
class Receiver:
    """A running receiver, and what it has seen."""

    scheme: str
    port: int
    requests: list[Request] = field(default_factory=list)
    connections_count: int = 0
    open_connections: set[asyncio.Task[None]] = field(default_factory=set)

    def uri(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """The address at which it is reached, by whatever name."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def wait_until_idle(self, within_seconds: float = 10) -> None:
        """Wait until nobody is connected any more; raises ``TimeoutError`` where somebody stays."""
        async with asyncio.timeout(within_seconds):
            while self.open_connections:
                await asyncio.wait(set(self.open_connections))


@asynccontextmanager
async def running_receiver(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of 127.0.0.1 that answers each request by the script."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        receiver.connections_count += 1
        receiver.open_connections.add(task)
        try:
            while not writer.is_closing():
                request = await _read_request(reader)
                receiver.requests.append(request)
                await handler(ClientConnection(request, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller has left, or the test has ended
        finally:
            receiver.open_connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    receiver = Receiver("https" if tls else "http", server.sockets[0].getsockname()[1])
    try:
        yield receiver
    finally:
        server.close()
        tasks = list(receiver.open_connections)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
        await server.wait_closed()


@asynccontextmanager
async def sending_before_request(data: bytes) -> AsyncIterator[Receiver]:
    """Run one that sends these bytes to whoever connects, and listens to nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections_count += 1
        writer.write(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver = Receiver("http", server.sockets[0].getsockname()[1])
    async with server:
        yield receiver


@contextmanager
def full_accept_queue() -> Iterator[Receiver]:
    """Keep a port on which connections are neither taken nor turned down."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # more than wait for a listener of this kind
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield Receiver("http", listener.getsockname()[1])


def responding(status: int = 200, body: bytes = b"", headers: bytes = b"") -> Handler:
    """A receiver as it should be; ``headers`` are whole lines."""
    head = b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n%b\r\n" % (status, len(body), headers)

    async def handler(connection: ClientConnection) -> None:
        await connection.send(head + body)

    return handler


def sending_raw(data: bytes) -> Handler:
    """One that sends these bytes and hangs up."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(data)
        connection.hang_up()

    return handler


def never_responding(data: bytes = b"") -> Handler:
    """One that sends these bytes, then nothing, and waits for the caller to leave."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(data)
        await connection.leaves()

    return handler


def trickling(head: bytes, drop: bytes, every_seconds: float = 0.02) -> Handler:
    """One that sends a drop now and then, until the caller leaves."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(head)
        while not await connection.leaves(every_seconds):
            await connection.send(drop)

    return handler


def flooding(head: bytes, piece: bytes) -> Handler:
    """One that sends the same piece over and over, as fast as it is taken."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(head)
        while True:
            await connection.send(piece)

    return handler


def resetting(data: bytes = b"") -> Handler:
    """One that sends these bytes and breaks the connection off."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(data)
        connection.reset()

    return handler


def responding_in_order(*scripts: Handler) -> Handler:
    """One that answers the first request by the first script and so on, and further ones by the last."""
    left = list(scripts)

    async def handler(connection: ClientConnection) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(connection)

    return handler


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.splitlines()
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))
