"""Load generator: sends requests to the API over bare sockets, without using the measured core.

``python -m bench.loads PORT`` reads one message per line. ``{"requests": [...], "count": n, "connections": c}`` sends
the requests in turn; each connection sends its next one after the response to the last. With ``"rate": r`` requests are
due at r per second, however late responses are. The reply has the seconds of the whole load and those of each request.
"""

import asyncio
import base64
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import uvloop

from bench.subprocesses import OTHER_CORE, BenchProcess, send_message

_CONNECTIONS = 16


@dataclass(frozen=True)
class LoadResult:
    """The durations of a load."""

    seconds: float
    # Of each request, from when it was due to its response.
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


class LoadGenerator:
    """The process of the load generator."""

    def __init__(self, port: int) -> None:
        self._process = BenchProcess(OTHER_CORE, "bench.loads", port)

    def __enter__(self) -> "LoadGenerator":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def send(
        self, requests: list[bytes], count: int, *, connections: int = _CONNECTIONS, rate: float = 0
    ) -> LoadResult:
        """Send requests. Raises ``BenchmarkFailed`` if the response to any of them is not a 2xx."""
        encoded = [base64.b64encode(request).decode() for request in requests]
        reply = self._process.call(requests=encoded, count=count, connections=connections, rate=rate)
        return LoadResult(reply["seconds"], reply["latencies"])


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    """Return the bytes of a request."""
    encoded_body = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bench", f"X-NokoToken: {token}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(encoded_body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + encoded_body


class _Client(asyncio.Protocol):
    """A connection with at most one request in flight."""

    def __init__(self) -> None:
        self._received = b""
        self._responded: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def send(self, request: bytes) -> None:
        self._responded = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._responded

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        index = head.index(b"content-length:")
        length = int(head[index + 15 :].split(b"\r\n", 1)[0])
        if len(self._received) < end + 4 + length:
            return
        if not head.startswith(b"http/1.1 2"):
            raise SystemExit(f"the response is not a 2xx: {self._received!r}")
        self._received = b""
        assert self._responded is not None
        self._responded.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        if self._responded is not None and not self._responded.done():
            self._responded.set_exception(ConnectionError("the server closed the connection"))


async def _load(port: int, requests: list[bytes], count: int, connections: int, rate: float) -> dict[str, object]:
    clients = [await _connect(port) for _ in range(connections)]
    started_at = time.perf_counter()
    latencies: list[float] = []
    indexes = iter(range(count))

    async def send_in_turn(client: _Client) -> None:
        for index in indexes:
            due = started_at + index / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()) if rate else 0)
            await client.send(requests[index % len(requests)])
            latencies.append(time.perf_counter() - due)

    await asyncio.gather(*(send_in_turn(client) for client in clients))
    return {"seconds": time.perf_counter() - started_at, "latencies": latencies}


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
