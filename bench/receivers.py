"""A bare receiver, faster than the measured process: it responds with 200 to every request, and records arrivals.

``python -m bench.receivers DELAY_SECONDS [CERTIFICATE]`` serves on a free port, with TLS if there is a certificate, and
responds to each request after the delay. It sends its port, and then reads one message per line.
``{"expect": n}`` has a reply once n more payloads have arrived: the seconds from the first to the last of
them, and of each tenth.
``{"start_recording": true}`` starts to record arrivals. ``{"stop_recording": true}`` stops it; the reply has the
monotonic time of each arrival in nanoseconds, its webhook and its sequence.
"""

import asyncio
import json
import os
import re
import ssl
import sys
import time
from itertools import pairwise
from typing import Any

import uvloop

from bench.host_names import Authority, host_name
from bench.subprocesses import OTHER_CORE, BenchProcess, send_message
from hourhook.process.descriptors import raise_limit

_RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SEQUENCE = re.compile(rb"x-hourhook-sequence: *(\d+)", re.IGNORECASE)
_WEBHOOK = re.compile(rb'^\{"webhook":\{"id":(\d+)')
_BATCH = re.compile(rb"x-hourhook-batch: *(\d+)", re.IGNORECASE)


class Receiver:
    """The process of the receiver."""

    def __init__(self, delay_seconds: float = 0, authority: Authority | None = None) -> None:
        """Start it; with an ``authority`` it speaks TLS, as each host of ``bench.host_names``."""
        certificate = [] if authority is None else [authority.certificate]
        self._process = BenchProcess(OTHER_CORE, "bench.receivers", delay_seconds, *certificate)
        self.port: int = self._process.receive()["port"]
        self.uri = f"http://127.0.0.1:{self.port}/hook"
        self.scheme = "http" if authority is None else "https"

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def uris(self, count: int) -> list[str]:
        """Return URIs of this receiver, each with a host name of its own."""
        return [f"{self.scheme}://{host_name(number)}:{self.port}/hook" for number in range(count)]

    def expect(self, count: int) -> None:
        """Count payloads from now on, up to ``count``."""
        self._process.send(expect=count)

    def wait(self) -> float:
        """Wait until the expected number has arrived; return the seconds from the first to the last."""
        return float(self._process.receive()["seconds"])

    def wait_for_tenths(self) -> list[float]:
        """Wait like ``wait``; return the seconds of each tenth of the payloads."""
        return [float(seconds) for seconds in self._process.receive()["tenths"]]

    def start_recording(self) -> None:
        """Record arrivals from now on."""
        self._process.call(start_recording=True)

    def stop_recording(self) -> list[tuple[int, int, int]]:
        """Return the arrivals since: time (monotonic, nanoseconds), webhook and sequence of each."""
        arrivals = self._process.call(stop_recording=True)["arrivals"]
        return [(arrived_at, webhook, sequence) for arrived_at, webhook, sequence in arrivals]


class _Arrivals:
    def __init__(self) -> None:
        # Nothing is expected at first.
        self._expected = sys.maxsize
        self._count = 0
        self._first_at = 0
        # When each tenth of the expected payloads was there.
        self._tenths_at: list[int] = []
        self._recorded: list[tuple[int, int, int]] | None = None

    def add(self, head: bytes, body: bytes) -> None:
        batch = _BATCH.search(head)
        counted, self._count = self._count, self._count + (int(batch[1]) if batch else 1)
        if counted == 0:
            self._first_at = time.monotonic_ns()
        while len(self._tenths_at) < 10 and self._count * 10 >= self._expected * (len(self._tenths_at) + 1):
            self._tenths_at.append(time.monotonic_ns())
            if len(self._tenths_at) == 10:
                self._report_arrivals()
        if self._recorded is not None:
            sequence, webhook = _SEQUENCE.search(head), _WEBHOOK.match(body)
            if sequence and webhook:
                self._recorded.append((time.monotonic_ns(), int(webhook[1]), int(sequence[1])))

    def handle(self, message: dict[str, Any]) -> None:
        if "expect" in message:
            self._expected, self._count, self._tenths_at = message["expect"], 0, []
        elif "start_recording" in message:
            self._recorded = []
            send_message(started=True)
        else:
            arrivals, self._recorded = self._recorded, None
            send_message(arrivals=arrivals)

    def _report_arrivals(self) -> None:
        times = [self._first_at, *self._tenths_at]
        tenths = [(end - start) / 1e9 for start, end in pairwise(times)]
        send_message(seconds=sum(tenths), tenths=tenths)


class _Connection(asyncio.Protocol):
    def __init__(self, arrivals: _Arrivals, delay_seconds: float) -> None:
        self._arrivals = arrivals
        self._delay_seconds = delay_seconds
        self._incomplete = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._incomplete + data if self._incomplete else data
        while True:
            end = data.find(b"\r\n\r\n")
            length = _LENGTH.search(data, 0, end) if end >= 0 else None
            if length is None or len(data) < (size := end + 4 + int(length[1])):
                self._incomplete = data
                return
            self._arrivals.add(data[:end], data[end + 4 : size])
            if self._delay_seconds:
                asyncio.get_running_loop().call_later(self._delay_seconds, self._transport.write, _RESPONSE)
            else:
                self._transport.write(_RESPONSE)
            data = data[size:]


async def _serve(delay_seconds: float, certificate: str | None) -> None:
    loop = asyncio.get_running_loop()
    arrivals = _Arrivals()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await loop.create_server(
        lambda: _Connection(arrivals, delay_seconds), "127.0.0.1", 0, backlog=4096, ssl=context
    )
    input_ended = asyncio.Event()
    rest = b""

    def read_messages() -> None:
        nonlocal rest
        data = os.read(0, 65_536)
        if not data:
            input_ended.set()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            arrivals.handle(json.loads(line))

    loop.add_reader(0, read_messages)
    send_message(port=server.sockets[0].getsockname()[1])
    await input_ended.wait()


if __name__ == "__main__":
    raise_limit()
    uvloop.run(_serve(float(sys.argv[1]), next(iter(sys.argv[2:]), None)))
