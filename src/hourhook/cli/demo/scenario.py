"""The story of the demo: all goes well, a receiver breaks and recovers, the server is killed; then it goes on."""

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
from hourhook.cli.demo.terminal import Terminal

PACE_SECONDS = 1.5
CALM_PACE_SECONDS = 2.5
READING_SECONDS = 1.5
# How long receivers think while the server is about to be killed, so that it leaves something half done.
RESPONSE_DELAY_SECONDS = 0.4


class DemoScenario:
    """What happens between the people of an agency, their server and two receivers, ``steady`` and ``shaky``."""

    def __init__(
        self, terminal: Terminal, server: Server, account: DemoAccount, steady: Receiver, shaky: Receiver
    ) -> None:
        self.kills_count = 0
        self.requests_count = 0
        self.lanes = LaneMonitor(server.client, account.owner.token, terminal, on_poll=self._stir)
        self._terminal = terminal
        self._server = server
        self._account = account
        self._steady, self._shaky = steady, shaky
        self._deeds = ActionGenerator(server.client, account)
        self._began_at = monotonic()
        self._woken = asyncio.Event()

    def on_arrival(self, arrival: Arrival) -> None:
        """Show what a receiver got."""
        later = ""
        if arrival.sequence is not None and arrival.status != 200:
            later = self.lanes.for_receiver(arrival.receiver).record_attempt(arrival.attempt)
        show_arrival(self._terminal, arrival, later)
        self._stir()

    async def create_webhooks(self) -> None:
        """Make a webhook for each receiver."""
        for receiver in (self._steady, self._shaky):
            webhook = {"name": receiver.name, "payload_uri": receiver.uri, "events": ["*"]}
            response = await self._server.client.request("POST", "/v2/webhooks", self._account.owner.token, webhook)
            self.lanes.all.append(Lane(response.content["id"], receiver))
            receiver.set_secret(response.content["secret"])

    async def run(self) -> None:
        """Tell all of it, and then go on until cancelled."""
        await self._begin(
            "People log time, and every change reaches every webhook.",
            "#1, #2 … count what goes to one webhook, without gaps. Verified: both signatures are right.",
        )
        await self._work(4)
        await self.break_receiver()
        await self._work(2)
        await self.kill_server()
        await self._begin("And so on.", "Send a request of your own, as above, and see it here. Ctrl-C ends the demo.")
        while True:
            await self._work(12, CALM_PACE_SECONDS)
            await self.break_receiver()
            await self._work(12, CALM_PACE_SECONDS)
            await self.kill_server()

    async def break_receiver(self) -> None:
        """A receiver answers 500, then is gone, then is back and catches up."""
        shaky, lane = self._shaky, self.lanes.for_receiver(self._shaky)
        await self._begin(
            f"Now {shaky.name} breaks: it answers 500.",
            "Its lane waits at what failed and tries that again, at longer and longer intervals; nothing overtakes it. "
            f"{self._steady.name} has a lane of its own and notices nothing.",
        )
        shaky.status = 500
        await self._work_until(lambda: lane.shown_count >= 2)
        shaky.refuse_connections()
        show_remark(self._terminal, f"Now {shaky.name} is gone altogether: nobody listens on its port.", "red")
        await self._work_until(lambda: lane.shown_count >= 3)
        shaky.status = 200
        await shaky.open()
        shaky.start_catch_up()
        show_remark(self._terminal, f"{shaky.name} is back. The next try will find it.", "green")
        await self._work_until(lambda: shaky.last_sequence >= self._steady.last_sequence)
        caught_up = shaky.finish_catch_up()
        text = f"Caught up: {caught_up.count} payloads in {caught_up.milliseconds} ms, in order, none lost."
        self._show_result(text)
        await asyncio.sleep(PACE_SECONDS)

    async def kill_server(self) -> None:
        """The server is killed while payloads are on their way, and started again."""
        receivers = (self._steady, self._shaky)
        await self._begin(
            "Now the server is killed in the middle of its work: kill -9.",
            "A change and its events are one transaction. What was answered is kept, and what is kept is delivered.",
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
            self._terminal, f"kill -9 {pid}: the server is dead, in the middle of {undelivered} deliveries.", "red"
        )
        await asyncio.sleep(PACE_SECONDS)
        for receiver in receivers:
            receiver.delay_seconds = 0
        show_remark(self._terminal, "It is started again, and goes on where it was.", "green")
        await self._server.start()
        await self.lanes.poll()
        await self._until(self._is_idle)
        duplicates = sum(receiver.counters.duplicates for receiver in receivers) - duplicates
        twice = f" Sent twice, under the same id: {duplicates} on the wire when it died." if duplicates else ""
        self._show_result(f"Nothing is lost.{twice}")
        await asyncio.sleep(PACE_SECONDS)

    async def _begin(self, text: str, more: str) -> None:
        show_heading(self._terminal, text, more)
        await asyncio.sleep(READING_SECONDS)

    async def _work(self, count: int, pace_seconds: float = PACE_SECONDS) -> None:
        for _ in range(count):
            started_at = monotonic()
            await self._do()
            await asyncio.sleep(max(0, pace_seconds - (monotonic() - started_at)))

    async def _work_until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._do()
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS):
                    await self._until(is_so)

    async def _do(self) -> None:
        # What arrives before the answer does is shown after it.
        with self._terminal.buffered():
            action = await self._deeds.run_next()
            show_action(self._terminal, action, monotonic() - self._began_at)
        self.requests_count += 1

    def _show_result(self, text: str) -> None:
        if self._steady.is_healthy and self._shaky.is_healthy:
            show_remark(self._terminal, text, "green")
        else:
            show_remark(self._terminal, "This should not be: payloads are missing, forged or out of order.", "red")

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._woken.wait()

    def _stir(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()

    def _is_idle(self) -> bool:
        return not any(lane.waiting_count for lane in self.lanes.all)
