"""Script of the demo: normal traffic, a receiver that fails and recovers, and a server crash; then repeat."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from hourhook.cli.demo.activity import ActionGenerator
from hourhook.cli.demo.lanes import Lane, LaneMonitor
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.demo.rendering import show_action, show_arrival, show_heading, show_remark
from hourhook.cli.demo.seed_data import DemoAccount
from hourhook.cli.demo.servers import Server
from hourhook.cli.terminal import Terminal

PACE_SECONDS = 1.5
CALM_PACE_SECONDS = 2.5
READING_SECONDS = 1.5
# Receivers respond slowly before the server is killed, so that deliveries are in flight then.
RESPONSE_DELAY_SECONDS = 0.4


class DemoScenario:
    """Drives the demo's users, the server and two receivers: ``steady`` works throughout, ``shaky`` fails."""

    def __init__(
        self, terminal: Terminal, server: Server, account: DemoAccount, steady: Receiver, shaky: Receiver
    ) -> None:
        self.kills_count = 0
        self.requests_count = 0
        self.lanes = LaneMonitor(server.client, account.owner.token, terminal, on_poll=self._wake)
        self._terminal = terminal
        self._server = server
        self._account = account
        self._steady, self._shaky = steady, shaky
        self._actions = ActionGenerator(server.client, account)
        self._started_at = monotonic()
        self._woken = asyncio.Event()

    @property
    def page_path(self) -> str:
        """The path of the page of the webhook whose receiver fails."""
        return f"/integrations/webhooks/{self.lanes.for_receiver(self._shaky).webhook_id}"

    def on_arrival(self, arrival: Arrival) -> None:
        """Print a request that arrived at a receiver."""
        prefix = ""
        if arrival.sequence is not None and arrival.status != 200:
            prefix = self.lanes.for_receiver(arrival.receiver).record_attempt(arrival.attempt)
        show_arrival(self._terminal, arrival, prefix)
        self._wake()

    async def create_webhooks(self) -> None:
        for receiver in (self._steady, self._shaky):
            webhook = {"name": receiver.name, "payload_uri": receiver.uri, "events": ["*"]}
            response = await self._server.client.request("POST", "/v2/webhooks", self._account.owner.token, webhook)
            self.lanes.all.append(Lane(response.content["id"], receiver))
            receiver.set_secret(response.content["secret"])

    async def run(self) -> None:
        """Play the script once, then repeat its parts until cancelled."""
        await self._begin(
            "Users log time, and every change is delivered to both webhooks.",
            '#1, #2 … number the payloads of each webhook. "verified" means that both signatures are valid.',
        )
        await self._work(4)
        await self.break_receiver()
        await self._work(2)
        await self.kill_server()
        await self._begin(
            "From here on, the demo repeats.",
            "Send a request of your own, as shown above, and its payloads appear here. Press Ctrl-C to stop.",
        )
        while True:
            await self._work(12, CALM_PACE_SECONDS)
            await self.break_receiver()
            await self._work(12, CALM_PACE_SECONDS)
            await self.kill_server()

    async def break_receiver(self) -> None:
        """Have a receiver answer 500, then refuse connections, then recover and catch up."""
        shaky, lane = self._shaky, self.lanes.for_receiver(self._shaky)
        await self._begin(
            f"{shaky.name} fails: it now answers every request with 500.",
            "Its lane retries the failed payload at growing intervals, and later payloads wait behind it. "
            f"{self._steady.name} has its own lane and is not affected.",
        )
        shaky.status = 500
        await self._work_until(lambda: lane.shown_count >= 2)
        shaky.refuse_connections()
        show_remark(self._terminal, f"{shaky.name} is now down: its port refuses connections.", "red")
        await self._work_until(lambda: lane.shown_count >= 3)
        shaky.status = 200
        await shaky.open()
        shaky.start_catch_up()
        show_remark(self._terminal, f"{shaky.name} is up again. The next attempt will succeed.", "green")
        await self._work_until(lambda: shaky.last_sequence >= self._steady.last_sequence)
        caught_up = shaky.finish_catch_up()
        text = f"Caught up: {caught_up.count} payloads in {caught_up.milliseconds} ms, in order, none lost."
        self._show_result(text)
        await asyncio.sleep(PACE_SECONDS)

    async def kill_server(self) -> None:
        """Kill the server while deliveries are in flight, and start it again."""
        receivers = (self._steady, self._shaky)
        await self._begin(
            "Now the server is killed (kill -9) in the middle of its deliveries.",
            "Each change is committed together with its events before its request is answered, so no event is lost.",
        )
        duplicates = sum(receiver.counters.duplicates for receiver in receivers)
        for receiver in receivers:
            receiver.delay_seconds = RESPONSE_DELAY_SECONDS
        await self._work(4, RESPONSE_DELAY_SECONDS / 4)
        await self.lanes.poll()
        undelivered = sum(lane.waiting_count for lane in self.lanes.all)
        pid = self._server.pid
        await self._server.kill()
        self.kills_count += 1
        show_remark(
            self._terminal, f"kill -9 {pid}: the server is dead, with {undelivered} payloads not yet delivered.", "red"
        )
        await asyncio.sleep(PACE_SECONDS)
        for receiver in receivers:
            receiver.delay_seconds = 0
        show_remark(self._terminal, "The server is restarting, and will continue where it stopped.", "green")
        await self._server.start()
        await self.lanes.poll()
        await self._until(self._is_idle)
        duplicates = sum(receiver.counters.duplicates for receiver in receivers) - duplicates
        again = f" Sent again with the same ids: {duplicates} that were in flight when it died." if duplicates else ""
        self._show_result(f"Nothing was lost.{again}")
        await asyncio.sleep(PACE_SECONDS)

    async def _begin(self, text: str, more: str) -> None:
        show_heading(self._terminal, text, more)
        await asyncio.sleep(READING_SECONDS)

    async def _work(self, count: int, pace_seconds: float = PACE_SECONDS) -> None:
        for _ in range(count):
            started_at = monotonic()
            await self._do()
            await asyncio.sleep(max(0, pace_seconds - (monotonic() - started_at)))

    async def _work_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._do()
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS):
                    await self._until(condition)

    async def _do(self) -> None:
        # Payloads that arrive before the response are shown after it.
        with self._terminal.buffered():
            action = await self._actions.run_next()
            show_action(self._terminal, action, monotonic() - self._started_at)
        self.requests_count += 1

    def _show_result(self, text: str) -> None:
        if self._steady.is_healthy and self._shaky.is_healthy:
            show_remark(self._terminal, text, "green")
        else:
            show_remark(
                self._terminal,
                "Unexpected: payloads are missing, out of order or wrongly signed. Please report this as a bug.",
                "red",
            )

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._woken.wait()

    def _wake(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()

    def _is_idle(self) -> bool:
        return not any(lane.waiting_count for lane in self.lanes.all)
