"""A load on the API: requests over bare sockets, from a core beside what is measured.

``python -m bench.loads PORT`` takes one message a line. ``{"requests": [...], "count": n, "connections": c}`` sends the
requests in turn, each connection its next one as soon as the last is answered; with ``"rate": r`` as many a second are
sent, on time whatever the answers do. It is answered with the seconds it took, and those of each request.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvloop

from bench.subprocesses import OTHER_CORE, BenchProcess, send_message

_CONNECTIONS = 16


@dataclass(frozen=True)
class LoadResult:
    """What came of a load."""

    seconds: float
    # Of each request, from being due to its answer.
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


class LoadGenerator:
    """The process that makes the load, as the benchmark sees it."""

    def __init__(self, port: int) -> None:
        """Have it ready to send requests to a port of this machine."""
        self._process = BenchProcess(OTHER_CORE, "bench.loads", port)

    def __enter__(self) -> "LoadGenerator":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def send(
        self, requests: list[bytes], count: int, *, connections: int = _CONNECTIONS, rate: float = 0
    ) -> LoadResult:
        """Send requests (raises ``BenchmarkFailed`` when one is not answered with a 2xx)."""
        encoded = [base64.b64encode(request).decode() for request in requests]
        answer = self._process.call(requests=encoded, count=count, connections=connections, rate=rate)
        return LoadResult(answer["seconds"], answer["latencies"])


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    """The bytes of a request."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bench", f"X-NokoToken: {token}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


class _Client(asyncio.Protocol):
    """One connection, which sends its next request when the last one is answered."""

    def __init__(self) -> None:
        self._received = b""
        self.answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def send(self, request: bytes) -> None:
        self.answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self.answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        place = head.index(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        if len(self._received) < end + 4 + length:
            return
        if not head.startswith(b"http/1.1 2"):
            raise SystemExit(f"refused: {self._received!r}")
        self._received = b""
        assert self.answered is not None
        self.answered.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(ConnectionError("the server hung up"))


async def _load(port: int, requests: list[bytes], count: int, connections: int, rate: float) -> dict[str, object]:
    clients = [await _connect(port) for _ in range(connections)]
    began = time.perf_counter()
    latencies: list[float] = []
    turns = iter(range(count))

    async def send_in_turn(client: _Client, turns: Iterator[int]) -> None:
        for turn in turns:
            due = began + turn / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()) if rate else 0)
            await client.send(requests[turn % len(requests)])
            latencies.append(time.perf_counter() - due)

    await asyncio.gather(*(send_in_turn(client, turns) for client in clients))
    return {"seconds": time.perf_counter() - began, "latencies": latencies}


async def _connect(port: int) -> _Client:
    _, client = await asyncio.get_running_loop().create_connection(_Client, "127.0.0.1", port)
    return client


def _main(port: int) -> None:
    for line in iter(sys.stdin.readline, ""):
        message = json.loads(line)
        requests = [base64.b64decode(text) for text in message.pop("requests")]
        send_message(**uvloop.run(_load(port, requests, **message)))
    os._exit(0)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
