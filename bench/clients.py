"""The baselines of the deliveries: the same bodies posted to the same receiver without any storage.

``python -m bench.clients KIND URI COUNT IN_FLIGHT``. KIND ``baseline`` is the HTTP client of the worker, configured as
the worker does; ``maximum`` writes ready-made requests to bare sockets, to measure the receiver itself.
"""

import asyncio
import resource
import sys
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.backlogs import sample_body
from bench.receivers import Receiver
from bench.subprocesses import MEASURED_CORE, BenchProcess, send_message
from hourhook.clock import SystemClock
from hourhook.delivery import envelope, signing
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport

TIMEOUT_SECONDS = 10


def measure(kind: str, receiver: Receiver, count: int, in_flight: int) -> tuple[float, float]:
    """Post ``count`` bodies, ``in_flight`` at a time; return the rate per second and the processor seconds of each."""
    receiver.expect(count)
    with BenchProcess(MEASURED_CORE, "bench.clients", kind, receiver.uri, count, in_flight) as client:
        cpu_seconds = client.receive()["cpu_seconds"]
        return (count - 1) / receiver.wait(), cpu_seconds / count


async def _post_with_client(uri: str, count: int, in_flight: int) -> None:
    client = HttpTransport(SystemClock(), AddressGuard((), allow_loopback=True), TIMEOUT_SECONDS)
    headers, body = _sample_headers(), sample_body()
    remaining = iter(range(count))

    async def post_repeatedly() -> None:
        for _ in remaining:
            outcome = await client.send(uri, headers, body)
            if outcome.status != 200:
                raise RuntimeError(f"the receiver answered {outcome.status or outcome.error}")

    await asyncio.gather(*(post_repeatedly() for _ in range(in_flight)))


async def _post_raw(uri: str, count: int, in_flight: int) -> None:
    parts = urlsplit(uri)
    assert parts.hostname is not None
    assert parts.port is not None
    body = sample_body()
    lines = [f"{name}: {value}" for name, value in [*_sample_headers(), ("Content-Length", str(len(body)))]]
    request = "\r\n".join([f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *lines, "", ""]).encode() + body
    remaining = iter(range(count))
    loop = asyncio.get_running_loop()
    done = [loop.create_future() for _ in range(in_flight)]
    for future in done:
        poster = partial(_Poster, request, remaining, future)
        await loop.create_connection(poster, parts.hostname, parts.port)
    await asyncio.gather(*done)


class _Poster(asyncio.Protocol):
    def __init__(self, request: bytes, remaining: Any, done: asyncio.Future[None]) -> None:
        self._request, self._remaining, self._done = request, remaining, done

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._post()

    def data_received(self, _: bytes) -> None:
        self._post()

    def _post(self) -> None:
        if next(self._remaining, None) is None:
            self._done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(self._request)


def _sample_headers() -> list[tuple[str, str]]:
    return envelope.headers(
        "4a7d2f0e-52b1-4c9e-8f8b-0d5a8d0c7b21",
        "entry.created",
        1,
        1,
        1_700_000_000_000_000,
        sample_body(),
        signing.new_secret(),
    )


def _main(kind: str, uri: str, count: int, in_flight: int) -> None:
    uvloop.run((_post_with_client if kind == "baseline" else _post_raw)(uri, count, in_flight))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    send_message(cpu_seconds=usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
