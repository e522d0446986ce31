"""A bare receiver, faster than what is measured: answers 200 to everything, and knows when what arrived.

``python -m bench.receivers`` serves on a free port, says which, and then takes one message a line: ``{"expect": n}``
is answered once n more requests have arrived, with the seconds from the first to the last of them; ``{"start_recording": true}``
has arrivals kept from now on, and ``{"stop_recording": true}`` is answered with those: moment of the monotonic clock in
nanoseconds, webhook and sequence of each.
"""

import asyncio
import json
import os
import re
import time
from typing import Any

import uvloop

from bench.subprocesses import OTHER_CORE, BenchProcess, send_message

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_SEQUENCE = re.compile(rb"x-hourhook-sequence: *(\d+)", re.IGNORECASE)
_WEBHOOK = re.compile(rb'^\{"webhook":\{"id":(\d+)')


class Receiver:
    """The receiver's process, as the benchmark sees it."""

    def __init__(self) -> None:
        """Start it, beside what is measured."""
        self._process = BenchProcess(OTHER_CORE, "bench.receivers")
        self.uri = f"http://127.0.0.1:{self._process.receive()['port']}/hook"

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def expect(self, count: int) -> None:
        """Begin to count."""
        self._process.send(expect=count)

    def wait(self) -> float:
        """Wait until as many have arrived as were expected; the seconds from the first to the last."""
        return float(self._process.receive()["seconds"])

    def start_recording(self) -> None:
        """Keep arrivals from now on."""
        self._process.call(start_recording=True)

    def stop_recording(self) -> list[tuple[int, int, int]]:
        """What has arrived since: moment (monotonic, nanoseconds), webhook and sequence of each."""
        return [
            (at, webhook, sequence) for at, webhook, sequence in self._process.call(stop_recording=True)["arrivals"]
        ]


class _Arrivals:
    def __init__(self) -> None:
        self._expected = 0
        self._count = 0
        self._first_at = 0
        self._kept: list[tuple[int, int, int]] | None = None

    def note(self, head: bytes, body: bytes) -> None:
        self._count += 1
        if self._count == 1:
            self._first_at = time.monotonic_ns()
        elif self._count == self._expected:
            self._say_all_arrived()
        if self._kept is not None:
            sequence, webhook = _SEQUENCE.search(head), _WEBHOOK.match(body)
            if sequence and webhook:
                self._kept.append((time.monotonic_ns(), int(webhook[1]), int(sequence[1])))

    def receive(self, message: dict[str, Any]) -> None:
        if "expect" in message:
            self._expected, self._count = message["expect"], 0
        elif "start_recording" in message:
            self._kept = []
            send_message(kept=True)
        else:
            arrivals, self._kept = self._kept, None
            send_message(arrivals=arrivals)

    def _say_all_arrived(self) -> None:
        send_message(seconds=(time.monotonic_ns() - self._first_at) / 1e9)


class _Connection(asyncio.Protocol):
    def __init__(self, arrivals: _Arrivals) -> None:
        self._arrivals = arrivals
        self._waiting = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._waiting + data if self._waiting else data
        while True:
            end = data.find(b"\r\n\r\n")
            length = _LENGTH.search(data, 0, end) if end >= 0 else None
            if length is None or len(data) < (size := end + 4 + int(length[1])):
                self._waiting = data
                return
            self._arrivals.note(data[:end], data[end + 4 : size])
            self._transport.write(_ANSWER)
            data = data[size:]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    arrivals = _Arrivals()
    server = await loop.create_server(lambda: _Connection(arrivals), "127.0.0.1", 0, backlog=1024)
    ended = asyncio.Event()
    rest = b""

    def listen() -> None:
        nonlocal rest
        data = os.read(0, 65_536)
        if not data:
            ended.set()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            arrivals.receive(json.loads(line))

    loop.add_reader(0, listen)
    send_message(port=server.sockets[0].getsockname()[1])
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(_serve())
