"""Webhook receivers that verify each request and record when and in which order it arrived.

``python -m tests.kill.verifying_receivers DELAY…`` serves on a free port for each delay, the milliseconds before it
responds with 200, so that requests are in flight at a kill; it prints the ports. Then it reads one message per line:
``{"secrets": {webhook: secret}}`` before the requests to verify, ``{"latest": true}``, answered with the time of each
webhook's latest arrival, ``{"failing": [webhook]}``, whose requests then get 503 and are not recorded, and
``{"fetch_arrivals": true}``, answered with all arrivals. Pings are not recorded.
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

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_FAILED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
_WEBHOOK = re.compile(rb'\{"webhook":\{"id":(\d+),"name":"[^"]*"\},"type":"')


class Arrival(NamedTuple):
    """The arrival of one payload."""

    # Monotonic, nanoseconds.
    at: int
    webhook_id: int
    sequence: int
    payload_id: str
    # The hash of the body from its type on, from ``fingerprint``.
    fingerprint: str
    is_signed: bool


class VerifyingReceivers:
    """Control the process of the receivers."""

    def __init__(self, delays_ms: tuple[float, ...]) -> None:
        """Start one receiver for each delay."""
        self._process = BenchProcess(OTHER_CORE, "tests.kill.verifying_receivers", *delays_ms)
        self.uris = [f"http://127.0.0.1:{port}/hook" for port in self._process.receive()["ports"]]

    def __enter__(self) -> "VerifyingReceivers":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def set_secrets(self, secrets: dict[int, str]) -> None:
        """Set the secrets by which requests of the webhooks are verified."""
        self._process.call(secrets=secrets)

    def set_failing(self, webhook_ids: list[int]) -> None:
        """Answer requests of these webhooks with 503 from now on, and those of all others with 200."""
        self._process.call(failing=webhook_ids)

    def latest(self) -> dict[int, int]:
        """Return the time (monotonic, nanoseconds) of the latest arrival from each webhook."""
        return {int(webhook): at for webhook, at in self._process.call(latest=True)["latest"].items()}

    def fetch_arrivals(self) -> list[Arrival]:
        """Return all arrivals, in order."""
        return [Arrival(*values) for values in self._process.call(fetch_arrivals=True)["arrivals"]]


def fingerprint(from_type_on: bytes) -> str:
    """Hash a body from ``"type"`` on, where the bodies of one event are the same for all webhooks."""
    return hashlib.sha256(from_type_on).hexdigest()[:24]


class _Recorder:
    def __init__(self) -> None:
        self._secrets: dict[int, str] = {}
        self._arrivals: list[Arrival] = []
        self._latest: dict[int, int] = {}
        self._failing: set[int] = set()

    def record(self, headers: dict[str, str], body: bytes) -> bytes:
        """Record the request; returns the response to it."""
        match = _WEBHOOK.match(body)
        if match is None:
            return _OK  # a ping, whose envelope ends with the webhook
        at, webhook_id = time.monotonic_ns(), int(match[1])
        if webhook_id in self._failing:
            return _FAILED
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
        return _OK

    def receive(self, message: dict[str, Any]) -> None:
        if "secrets" in message:
            self._secrets = {int(webhook): secret for webhook, secret in message["secrets"].items()}
            send_message(trusted=len(self._secrets))
        elif "failing" in message:
            self._failing = {*message["failing"]}
            send_message(failing=len(self._failing))
        elif "latest" in message:
            send_message(latest=self._latest)
        else:
            send_message(arrivals=self._arrivals)


def _is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    # Implemented from the documentation, without code of the server, which signs.
    noko = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamped = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    standard = "v1," + base64.b64encode(hmac.digest(key, stamped, "sha256")).decode()
    return noko == headers["x-noko-signature"] and standard == headers["webhook-signature"]


async def _receive(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recorder: _Recorder, delay_seconds: float
) -> None:
    try:
        while True:
            _, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
            pairs = (line.partition(":") for line in lines if line)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            response = recorder.record(headers, await reader.readexactly(int(headers["content-length"])))
            await asyncio.sleep(delay_seconds)
            writer.write(response)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()  # the sender was killed


async def _serve(delays_ms: list[float]) -> None:
    recorder, ended = _Recorder(), asyncio.Event()

    def receiver(delay_ms: float) -> Any:
        return lambda reader, writer: _receive(reader, writer, recorder, delay_ms / 1000)

    servers = [await asyncio.start_server(receiver(delay), "127.0.0.1", 0) for delay in delays_ms]
    rest = b""

    def listen() -> None:
        nonlocal rest
        data = os.read(0, 65_536)
        if not data:
            ended.set()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            recorder.receive(json.loads(line))

    asyncio.get_running_loop().add_reader(0, listen)
    send_message(ports=[server.sockets[0].getsockname()[1] for server in servers])
    await ended.wait()
    # A normal exit would wait for the connections that senders leave open.
    os._exit(0)


if __name__ == "__main__":
    uvloop.run(_serve([float(delay) for delay in sys.argv[1:]]))
