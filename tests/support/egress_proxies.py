"""Egress proxies on loopback: HTTP CONNECT and SOCKS5, which record what they are asked for."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from tests.support.receivers import Receiver


@dataclass(slots=True)
class EgressProxy:
    """A running proxy: its URL, the hosts it was asked to connect to, and the credentials it was given."""

    url: str
    targets: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


@asynccontextmanager
async def connect_proxy(
    receiver: Receiver, *, status: bytes = b"200 OK", tls: ssl.SSLContext | None = None
) -> AsyncIterator[EgressProxy]:
    """Run an HTTP proxy that answers CONNECT with ``status`` and tunnels to ``receiver``, whatever the target is."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = first.split(" ")
        proxy.targets.append(f"{method} {target}")
        proxy.credentials += [line for line in lines if line.startswith("Proxy-Authorization")]
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if status.startswith(b"200"):
            await _tunnel(reader, writer, receiver)

    async with _running(serve, tls) as port:
        proxy = EgressProxy(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
        yield proxy


@asynccontextmanager
async def socks_proxy(receiver: Receiver, *, reply: int = 0, password: bool = False) -> AsyncIterator[EgressProxy]:
    """Run a SOCKS5 proxy that answers with ``reply`` and tunnels to ``receiver``, whatever the target is."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(bytes([5, 2 if password else 0]))
        if password:
            user = await reader.readexactly((await reader.readexactly(2))[1])
            secret = await reader.readexactly((await reader.readexactly(1))[0])
            proxy.credentials.append(f"{user.decode()}:{secret.decode()}")
            writer.write(bytes([1, 0]))
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        proxy.targets.append(f"{host}:{port}")
        writer.write(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if reply == 0:
            await _tunnel(reader, writer, receiver)

    async with _running(serve) as port:
        proxy = EgressProxy(f"socks5://127.0.0.1:{port}")
        yield proxy


@asynccontextmanager
async def _running(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has closed the connection, or the test has ended
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receiver: Receiver) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", receiver.port)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, back))
            group.create_task(_copy(there, writer))
    finally:
        back.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()
