"""HTTP receivers on loopback with scripted behaviour: well-behaved, broken and hostile."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a receiver got; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class ClientConnection:
    """The connection of a client that has sent a request and waits for the response."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def wait_closed(self, within_seconds: float | None = None) -> bool:
        """Wait until the client closes the connection; return False if it is still open after ``within_seconds``."""
        try:
            async with asyncio.timeout(within_seconds):
                await self.reader.read()
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def hang_up(self) -> None:
        """Close the connection gracefully."""
        self.writer.close()

    def reset(self) -> None:
        """Abort the connection, so that the client gets a TCP reset."""
        zero_linger = struct.pack("ii", 1, 0)
        client_socket = self.writer.get_extra_info("socket")
        client_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, zero_linger)
        self.writer.transport.abort()


Handler = Callable[[ClientConnection], Awaitable[None]]


@dataclass(slots=True)
class Receiver:
    """A running receiver, with the requests and connections it has received."""

    scheme: str
    port: int
    requests: list[Request] = field(default_factory=list)
    connections_count: int = 0
    open_connections: set[asyncio.Task[None]] = field(default_factory=set)

    def uri(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """Return the URI of the receiver under a host name."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def wait_until_idle(self, within_seconds: float = 10) -> None:
        """Wait until all connections are closed; raises ``TimeoutError`` if one stays open."""
        async with asyncio.timeout(within_seconds):
            while self.open_connections:
                await asyncio.wait(set(self.open_connections))


@asynccontextmanager
async def running_receiver(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of 127.0.0.1; ``handler`` answers each request."""

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
            pass  # the client has closed the connection, or the test has ended
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
    """Run a receiver that sends these bytes on each new connection and reads nothing."""

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
    """Yield a receiver whose port neither accepts nor refuses connections."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # more than the queue of a listener with backlog 0 holds
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield Receiver("http", listener.getsockname()[1])


def responding(status: int = 200, body: bytes = b"", headers: bytes = b"") -> Handler:
    """Return a handler that sends a valid response; ``headers`` are complete lines."""
    head = b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n%b\r\n" % (status, len(body), headers)

    async def handler(connection: ClientConnection) -> None:
        await connection.send(head + body)

    return handler


def sending_raw(data: bytes) -> Handler:
    """Return a handler that sends these bytes and closes the connection."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(data)
        connection.hang_up()

    return handler


def never_responding(data: bytes = b"") -> Handler:
    """Return a handler that sends these bytes, then nothing until the client closes the connection."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(data)
        await connection.wait_closed()

    return handler


def trickling(head: bytes, chunk: bytes, every_seconds: float = 0.02) -> Handler:
    """Return a handler that sends ``chunk`` at intervals until the client closes the connection."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(head)
        while not await connection.wait_closed(every_seconds):
            await connection.send(chunk)

    return handler


def flooding(head: bytes, chunk: bytes) -> Handler:
    """Return a handler that sends ``chunk`` repeatedly, as fast as the client reads."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(head)
        while True:
            await connection.send(chunk)

    return handler


def resetting(data: bytes = b"") -> Handler:
    """Return a handler that sends these bytes and resets the connection."""

    async def handler(connection: ClientConnection) -> None:
        await connection.send(data)
        connection.reset()

    return handler


def responding_in_order(*handlers: Handler) -> Handler:
    """Return a handler that uses one of ``handlers`` per request, in order, and the last for all further requests."""
    remaining = list(handlers)

    async def handler(connection: ClientConnection) -> None:
        await (remaining.pop(0) if len(remaining) > 1 else remaining[0])(connection)

    return handler


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.splitlines()
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))
