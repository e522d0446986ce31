"""Receivers that check what they are sent, and remember when and in what order it came.

``python -m bench.verifying_receivers DELAY…`` serves on a free port for each delay, which is how many milliseconds it takes to
answer 200, so that a kill finds requests on the wire; it says which ports. Then it takes one message a line:
``{"secrets": {webhook: secret}}`` before what is to be verified, ``{"latest": true}``, answered with the moment of each
webhook's latest arrival, and ``{"fetch_arrivals": true}``, answered with all arrivals. Pings are answered and not remembered.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from typing import Any, NamedTuple

import uvloop

from bench.subprocesses import OTHER_CORE, BenchProcess, send_message

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_WEBHOOK = re.compile(rb'\{"webhook":\{"id":(\d+),"name":"[^"]*"\},"type":"')


class Arrival(NamedTuple):
    """One payload that arrived."""

    # Monotonic, nanoseconds.
    at: int
    webhook_id: int
    sequence: int
    payload_id: str
    # Of the body from its type on, as ``fingerprint`` makes it.
    fingerprint: str
    is_signed: bool


class VerifyingReceivers:
    """The process of the receivers, as the benchmark sees it."""

    def __init__(self, delays_ms: tuple[float, ...]) -> None:
        """Start one receiver for each delay."""
        self._process = BenchProcess(OTHER_CORE, "bench.verifying_receivers", *delays_ms)
        self.uris = [f"http://127.0.0.1:{port}/hook" for port in self._process.receive()["ports"]]

    def __enter__(self) -> "VerifyingReceivers":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def set_secrets(self, secrets: dict[int, str]) -> None:
        """Have them verify what the webhooks send by these secrets."""
        self._process.call(secrets=secrets)

    def latest(self) -> dict[int, int]:
        """When (monotonic, nanoseconds) something last arrived from each webhook."""
        return {int(webhook): at for webhook, at in self._process.call(latest=True)["latest"].items()}

    def fetch_arrivals(self) -> list[Arrival]:
        """All that has arrived, in order."""
        return [Arrival(*values) for values in self._process.call(fetch_arrivals=True)["arrivals"]]


def fingerprint(from_type_on: bytes) -> str:
    """What tells whether two bodies say the same, whichever webhook they are from; given from ``"type"`` on."""
    return hashlib.sha256(from_type_on).hexdigest()[:24]


class _Notes:
    def __init__(self) -> None:
        self._secrets: dict[int, str] = {}
        self._arrivals: list[Arrival] = []
        self._latest: dict[int, int] = {}

    def note(self, headers: dict[str, str], body: bytes) -> None:
        match = _WEBHOOK.match(body)
        if match is None:
            return  # a ping, in which the webhook stands last
        at, webhook_id = time.monotonic_ns(), int(match[1])
        self._latest[webhook_id] = at
        self._arrivals.append(
            Arrival(
                at,
                webhook_id,
                int(headers["x-hourhook-sequence"]),
                headers["x-noko-delivery"],
                fingerprint(body[match.end() - len(b'"type":"') :]),
                _is_signed(self._secrets.get(webhook_id, ""), headers, body),
            )
        )

    def receive(self, message: dict[str, Any]) -> None:
        if "secrets" in message:
            self._secrets = {int(webhook): secret for webhook, secret in message["secrets"].items()}
            send_message(trusted=len(self._secrets))
        elif "latest" in message:
            send_message(latest=self._latest)
        else:
            send_message(arrivals=self._arrivals)


def _is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    # On its own, from the contract, and with nothing of what signs.
    noko = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamped = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    standard = "v1," + base64.b64encode(hmac.digest(key, stamped, "sha256")).decode()
    return noko == headers["x-noko-signature"] and standard == headers["webhook-signature"]


async def _receive(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notes: _Notes, delay_seconds: float
) -> None:
    try:
        while True:
            _, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
            pairs = (line.partition(":") for line in lines if line)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            notes.note(headers, await reader.readexactly(int(headers["content-length"])))
            await asyncio.sleep(delay_seconds)
            writer.write(_ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()  # who sends was killed


async def _serve(delays_ms: list[float]) -> None:
    notes, ended = _Notes(), asyncio.Event()

    def receiver(delay_ms: float) -> Any:
        return lambda reader, writer: _receive(reader, writer, notes, delay_ms / 1000)

    servers = [await asyncio.start_server(receiver(delay), "127.0.0.1", 0) for delay in delays_ms]
    rest = b""

    def listen() -> None:
        nonlocal rest
        data = os.read(0, 65_536)
        if not data:
            ended.set()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            notes.receive(json.loads(line))

    asyncio.get_running_loop().add_reader(0, listen)
    send_message(ports=[server.sockets[0].getsockname()[1] for server in servers])
    await ended.wait()
    # Connections are left open by whoever sends; nobody waits for them here.
    os._exit(0)


if __name__ == "__main__":
    uvloop.run(_serve([float(delay) for delay in sys.argv[1:]]))
