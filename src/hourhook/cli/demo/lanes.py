"""The lanes of the demo's webhooks, as the server tells of them: what waits, and what was tried in vain."""

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
from hourhook.cli.demo.terminal import Span, Terminal
from hourhook.clock import SECOND, SystemClock, to_timestamp

POLL_INTERVAL_SECONDS = 0.2


@dataclass(slots=True)
class Lane:
    """One webhook, and what is known of its lane."""

    webhook_id: int
    receiver: Receiver
    status: dict[str, Any] = field(default_factory=dict)
    # Of the failing head: how many attempts were shown, and when the last one was.
    shown_count: int = 0
    last_attempt_at: float = 0.0

    @property
    def waiting_count(self) -> int:
        """How many payloads are due and not accepted yet."""
        return int(self.status.get("waiting_count", 0))

    def record_attempt(self, number: int) -> str:
        """Note that an attempt was made just now; returns how long after the one before, if there was one."""
        now = monotonic()
        after = f", {now - self.last_attempt_at:.0f} s later" if number > 1 and self.last_attempt_at else ""
        self.last_attempt_at = now
        self.shown_count = number
        return after


class LaneMonitor:
    """Asks the server for both lanes, over and over, and keeps them below all lines."""

    def __init__(self, client: Client, token: str, terminal: Terminal, on_poll: Callable[[], None]) -> None:
        """``on_poll`` is called after each look."""
        self.all: list[Lane] = []
        self._on_poll = on_poll
        self._client = client
        self._token = token
        self._terminal = terminal

    def for_receiver(self, receiver: Receiver) -> Lane:
        """The lane that leads to a receiver."""
        return next(lane for lane in self.all if lane.receiver is receiver)

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.poll()
            except ServerUnavailable:
                self._terminal.set_footer([(" The server is dead.", "red")])
            else:
                self._terminal.set_footer([span for lane in self.all for span in _state_of(lane)])
            await asyncio.sleep(POLL_INTERVAL_SECONDS)

    async def poll(self) -> None:
        """Ask the server now (raises ``ServerUnavailable``)."""
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
        # What arrived was shown by its receiver.
        for attempt in payload["attempts"][lane.shown_count :]:
            later = lane.record_attempt(attempt["number"])
            if attempt["status"] is None:
                show_failure(self._terminal, lane.receiver, payload, attempt["error"], later)


def _state_of(lane: Lane) -> list[Span]:
    receiver, status = lane.receiver, lane.status
    name = (f" {receiver.name} ", receiver.style)
    if status["failing_payload_id"] is None:
        return [name, (f"{receiver.counters.delivered} delivered  ", "green")]
    next_try = "now"
    if status["next_attempt_at"] is not None:
        microseconds = to_timestamp(datetime.fromisoformat(status["next_attempt_at"])) - SystemClock().now()
        next_try = f"in {max(0, math.ceil(microseconds / SECOND))} s"
    return [name, (f"holds #{receiver.last_sequence + 1}, {lane.waiting_count} waiting, next try {next_try}  ", "red")]
