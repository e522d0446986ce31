"""Monitor the lanes of the demo's webhooks: poll their status and the attempts of a failing head."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from hourhook.cli.demo.clients import Client, ServerUnavailable
from hourhook.cli.demo.receivers import Receiver
from hourhook.cli.demo.rendering import show_failure
from hourhook.cli.terminal import Span, Terminal
from hourhook.clock import SECOND, SystemClock, to_timestamp

POLL_INTERVAL_SECONDS = 0.2


@dataclass(slots=True)
class Lane:
    """One webhook and the last known status of its lane."""

    webhook_id: int
    receiver: Receiver
    status: dict[str, Any] = field(default_factory=dict)
    # Of the failing head: the number of attempts shown, and the time of the last one.
    shown_count: int = 0
    last_attempt_at: float = 0.0

    @property
    def waiting_count(self) -> int:
        return int(self.status.get("waiting_count", 0))

    def record_attempt(self, number: int) -> str:
        """Record an attempt made just now; return the delay before it as a prefix, "" for a first attempt."""
        now = monotonic()
        prefix = f"retry after {now - self.last_attempt_at:.0f} s: " if number > 1 and self.last_attempt_at else ""
        self.last_attempt_at = now
        self.shown_count = number
        return prefix


class LaneMonitor:
    """Polls the server for the status of all lanes, and shows it in the footer."""

    def __init__(self, client: Client, token: str, terminal: Terminal, on_poll: Callable[[], None]) -> None:
        """``on_poll`` is called after each poll."""
        self.all: list[Lane] = []
        self._on_poll = on_poll
        self._client = client
        self._token = token
        self._terminal = terminal

    def for_receiver(self, receiver: Receiver) -> Lane:
        return next(lane for lane in self.all if lane.receiver is receiver)

    async def watch(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self.poll()
            except ServerUnavailable:
                self._terminal.set_footer([(" The server is down.", "red")])
            else:
                self._terminal.set_footer([span for lane in self.all for span in _state_of(lane)])
            await asyncio.sleep(POLL_INTERVAL_SECONDS)

    async def poll(self) -> None:
        """Poll once. Raises ``ServerUnavailable``."""
        for lane in self.all:
            path = f"/v2/webhooks/{lane.webhook_id}"
            lane.status = (await self._client.request("GET", f"{path}/status", self._token)).content
            payload_id = lane.status["failing_payload_id"]
            if payload_id is None:
                lane.shown_count = 0
                continue
            payload = (await self._client.request("GET", f"{path}/payloads/{payload_id}", self._token)).content
            self._show_failures(lane, payload)
        self._on_poll()

    def _show_failures(self, lane: Lane, payload: dict[str, Any]) -> None:
        # Attempts that arrived were shown by the receiver.
        for attempt in payload["attempts"][lane.shown_count :]:
            prefix = lane.record_attempt(attempt["number"])
            if attempt["status"] is None:
                show_failure(self._terminal, lane.receiver, payload, attempt["error"], prefix)


def _state_of(lane: Lane) -> list[Span]:
    receiver, status = lane.receiver, lane.status
    name = (f" {receiver.name} ", receiver.style)
    if status["failing_payload_id"] is None:
        return [name, (f"{receiver.counters.delivered} delivered  ", "green")]
    next_attempt = "now"
    if status["next_attempt_at"] is not None:
        microseconds = to_timestamp(datetime.fromisoformat(status["next_attempt_at"])) - SystemClock().now()
        next_attempt = f"in {max(0, math.ceil(microseconds / SECOND))} s"
    return [
        name,
        (f"#{receiver.last_sequence + 1} failing, {lane.waiting_count} waiting, next attempt {next_attempt}  ", "red"),
    ]
