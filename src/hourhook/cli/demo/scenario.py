"""The story of the demo: all goes well, a receiver breaks and recovers, the server is killed; then it goes on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from hourhook.cli.demo.activity import Deeds
from hourhook.cli.demo.lanes import Lane, Lanes
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.demo.rendering import show_arrival, show_deed, show_heading, show_remark
from hourhook.cli.demo.seed_data import Agency
from hourhook.cli.demo.servers import Server
from hourhook.cli.demo.terminal import Screen

PACE_SECONDS = 1.5
CALM_PACE_SECONDS = 2.5
READING_SECONDS = 1.5
# How long receivers think while the server is about to be killed, so that it leaves something half done.
THINKING_SECONDS = 0.4


class Story:
    """What happens between the people of an agency, their server and two receivers, ``steady`` and ``shaky``."""

    def __init__(self, screen: Screen, server: Server, agency: Agency, steady: Receiver, shaky: Receiver) -> None:
        self.kills_count = 0
        self.deeds_count = 0
        self.lanes = Lanes(server.client, agency.owner.token, screen, on_look=self._stir)
        self._screen = screen
        self._server = server
        self._agency = agency
        self._steady, self._shaky = steady, shaky
        self._deeds = Deeds(server.client, agency)
        self._began_at = monotonic()
        self._woken = asyncio.Event()

    def show(self, arrival: Arrival) -> None:
        """Show what a receiver got."""
        later = ""
        if arrival.sequence is not None and arrival.status != 200:
            later = self.lanes.of(arrival.receiver).note_attempt(arrival.attempt)
        show_arrival(self._screen, arrival, later)
        self._stir()

    async def listen(self) -> None:
        """Make a webhook for each receiver."""
        for receiver in (self._steady, self._shaky):
            webhook = {"name": receiver.name, "payload_uri": receiver.uri, "events": ["*"]}
            answer = await self._server.client.request("POST", "/v2/webhooks", self._agency.owner.token, webhook)
            self.lanes.all.append(Lane(answer.content["id"], receiver))
            receiver.trust(answer.content["secret"])

    async def tell(self) -> None:
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
        shaky, lane = self._shaky, self.lanes.of(self._shaky)
        await self._begin(
            f"Now {shaky.name} breaks: it answers 500.",
            "Its lane waits at what failed and tries that again, at longer and longer intervals; nothing overtakes it. "
            f"{self._steady.name} has a lane of its own and notices nothing.",
        )
        shaky.status = 500
        await self._work_until(lambda: lane.shown_count >= 2)
        shaky.go_away()
        show_remark(self._screen, f"Now {shaky.name} is gone altogether: nobody listens on its port.", "red")
        await self._work_until(lambda: lane.shown_count >= 3)
        shaky.status = 200
        await shaky.open()
        shaky.begin_catching_up()
        show_remark(self._screen, f"{shaky.name} is back. The next try will find it.", "green")
        await self._work_until(lambda: shaky.last_sequence >= self._steady.last_sequence)
        caught_up = shaky.end_catching_up()
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
        repeats = sum(receiver.tally.repeats for receiver in receivers)
        for receiver in receivers:
            receiver.delay_seconds = THINKING_SECONDS
        await self._work(4, THINKING_SECONDS / 4)
        await self.lanes.look()
        undelivered = sum(lane.waiting_count for lane in self.lanes.all)
        pid = self._server.pid
        await self._server.kill()
        self.kills_count += 1
        show_remark(
            self._screen, f"kill -9 {pid}: the server is dead, in the middle of {undelivered} deliveries.", "red"
        )
        await asyncio.sleep(PACE_SECONDS)
        for receiver in receivers:
            receiver.delay_seconds = 0
        show_remark(self._screen, "It is started again, and goes on where it was.", "green")
        await self._server.start()
        await self.lanes.look()
        await self._until(self._is_idle)
        repeats = sum(receiver.tally.repeats for receiver in receivers) - repeats
        twice = f" Sent twice, under the same id: {repeats} on the wire when it died." if repeats else ""
        self._show_result(f"Nothing is lost.{twice}")
        await asyncio.sleep(PACE_SECONDS)

    async def _begin(self, text: str, more: str) -> None:
        show_heading(self._screen, text, more)
        await asyncio.sleep(READING_SECONDS)

    async def _work(self, count: int, pace_seconds: float = PACE_SECONDS) -> None:
        for _ in range(count):
            began_at = monotonic()
            await self._do()
            await asyncio.sleep(max(0, pace_seconds - (monotonic() - began_at)))

    async def _work_until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._do()
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS):
                    await self._until(is_so)

    async def _do(self) -> None:
        # What arrives before the answer does is shown after it.
        with self._screen.holding():
            deed = await self._deeds.go_on()
            show_deed(self._screen, deed, monotonic() - self._began_at)
        self.deeds_count += 1

    def _show_result(self, text: str) -> None:
        if self._steady.is_well and self._shaky.is_well:
            show_remark(self._screen, text, "green")
        else:
            show_remark(self._screen, "This should not be: payloads are missing, forged or out of order.", "red")

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._woken.wait()

    def _stir(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()

    def _is_idle(self) -> bool:
        return not any(lane.waiting_count for lane in self.lanes.all)
