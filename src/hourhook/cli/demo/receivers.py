"""Webhook receivers: verify both signatures, recognize duplicates and detect gaps (docs/guides/receiving.md)."""

import asyncio
import base64
import hmac
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from hourhook.clock import SECOND, SystemClock

# Older signatures may be replayed by an attacker.
TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that arrived, and how the receiver judged it."""

    receiver: "Receiver"
    type: str
    payload: dict[str, Any]
    # None for a ping, which is not part of the order.
    sequence: int | None
    attempt: int
    is_verified: bool
    is_duplicate: bool
    is_in_order: bool
    status: int


@dataclass(slots=True)
class CatchUp:
    """The payloads that a receiver accepted after an outage, and the time that took."""

    count: int = 0
    started_at: float = 0.0
    ended_at: float = 0.0

    @property
    def milliseconds(self) -> int:
        return round((self.ended_at - self.started_at) * 1000)


@dataclass(slots=True)
class Counters:
    """The totals of one receiver."""

    delivered: int = 0
    verified: int = 0
    invalid_signatures: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    rejected: int = 0
    longest_catch_up: "CatchUp | None" = None


@dataclass(eq=False)
class Receiver:
    """One receiver on a port of its own; it answers with ``status`` after ``delay_seconds``."""

    name: str
    style: str
    on_arrival: Callable[[Arrival], None]
    status: int = 200
    delay_seconds: float = 0.0
    last_sequence: int = 0
    counters: Counters = field(default_factory=Counters)
    port: int = 0
    _secret: asyncio.Future[str] = field(init=False)
    _seen: set[str] = field(default_factory=set)
    _listener: socket.socket | None = None
    _server: asyncio.Server | None = None
    _connections: set[asyncio.StreamWriter] = field(default_factory=set)
    _catching_up: CatchUp | None = None

    async def open(self) -> None:
        """Listen on a free port, or after an outage on the same port."""
        self._secret = getattr(self, "_secret", None) or asyncio.get_running_loop().create_future()
        if self._listener is None:
            self._listener = _bind(0)
            self.port = self._listener.getsockname()[1]
        self._server = await asyncio.start_server(self._handle_connection, sock=self._listener)

    def refuse_connections(self) -> None:
        """Refuse connections, as if the process had died, but keep the port reserved."""
        self.close()
        self._listener = _bind(self.port)

    def close(self) -> None:
        """Stop listening and drop open connections."""
        if self._server is not None:
            self._server.close()
        if self._listener is not None:
            self._listener.close()
        for writer in [*self._connections]:
            writer.transport.abort()

    def set_secret(self, secret: str) -> None:
        """Set the secret of the webhook; requests wait for it."""
        self._secret.set_result(secret)

    def start_catch_up(self) -> None:
        """Start counting payloads separately."""
        self._catching_up = CatchUp()

    def finish_catch_up(self) -> CatchUp:
        """Return what has arrived since ``start_catch_up``."""
        caught_up, self._catching_up = self._catching_up, None
        assert caught_up is not None
        if self.counters.longest_catch_up is None or caught_up.count >= self.counters.longest_catch_up.count:
            self.counters.longest_catch_up = caught_up
        return caught_up

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def is_healthy(self) -> bool:
        """Return whether everything that arrived was correctly signed and in order."""
        return not self.counters.out_of_order and not self.counters.invalid_signatures

    async def _handle_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                pairs = (line.partition(":") for line in head[1:] if line)
                headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                # A ping may arrive before the response that contains the secret.
                secret = await self._secret
                arrival = self._receive(secret, headers, body)
                self.on_arrival(arrival)
                await asyncio.sleep(self.delay_seconds)
                reason = "OK" if arrival.status == 200 else "Internal Server Error"
                writer.write(f"HTTP/1.1 {arrival.status} {reason}\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the server closed the connection, or this receiver did
        finally:
            self._connections.discard(writer)
            writer.close()

    def _receive(self, secret: str, headers: dict[str, str], body: bytes) -> Arrival:
        payload = json.loads(body)
        sequence = int(headers["x-hourhook-sequence"]) if "x-hourhook-sequence" in headers else None
        is_duplicate = headers["webhook-id"] in self._seen
        is_in_order = sequence is None or is_duplicate or sequence == self.last_sequence + 1
        is_verified = has_valid_signatures(secret, headers, body)
        arrival = Arrival(
            receiver=self,
            type=payload["type"],
            payload=payload,
            sequence=sequence,
            attempt=int(headers.get("x-hourhook-attempt", "1")),
            is_verified=is_verified,
            is_duplicate=is_duplicate,
            is_in_order=is_in_order,
            status=self.status if is_verified else 401,
        )
        self._count(arrival, headers["webhook-id"])
        return arrival

    def _count(self, arrival: Arrival, payload_id: str) -> None:
        counters = self.counters
        counters.invalid_signatures += not arrival.is_verified
        counters.out_of_order += not arrival.is_in_order
        if arrival.status != 200:
            counters.rejected += 1
            return
        counters.duplicates += arrival.is_duplicate
        self._seen.add(payload_id)
        if arrival.sequence is None or arrival.is_duplicate:
            return
        counters.delivered += 1
        counters.verified += arrival.is_verified
        self.last_sequence = arrival.sequence
        if self._catching_up is not None:
            self._catching_up.count += 1
            self._catching_up.ended_at = monotonic()
            self._catching_up.started_at = self._catching_up.started_at or self._catching_up.ended_at


def has_valid_signatures(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Return whether the Noko and the Standard Webhooks signature are valid and the request is recent."""
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    noko = hmac.digest(secret.encode(), body, "sha256").hex()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    standard = base64.b64encode(hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")).decode()
    return (
        hmac.compare_digest(noko, headers.get("x-noko-signature", ""))
        and any(hmac.compare_digest(f"v1,{standard}", each) for each in headers.get("webhook-signature", "").split())
        and abs(SystemClock().now() // SECOND - int(timestamp)) <= TOLERANCE_SECONDS
    )


def _bind(port: int) -> socket.socket:
    """Return a socket that reserves a port; connections are refused until it listens."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
