"""One demo from beginning to end, which Ctrl-C or SIGTERM brings about."""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from hourhook.cli.demo import seed_data
from hourhook.cli.demo.clients import ServerAway
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.demo.scenario import Story
from hourhook.cli.demo.servers import Server
from hourhook.cli.demo.summaries import show_beginning, show_end
from hourhook.cli.demo.terminal import Screen
from hourhook.errors import Problem

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READING_SECONDS = 2.5
LAST_LOOK_SECONDS = 1.0


class Show:
    """The demo on one screen, with its files in one folder."""

    def __init__(self, screen: Screen, host: str, port: int, folder: Path) -> None:
        self._screen = screen
        self._folder = folder
        self._server = Server(host, port, folder)
        self._receivers = (
            Receiver("Invoicing", "cyan", self._show),
            Receiver("Dashboard", "magenta", self._show),
        )
        self._story: Story | None = None
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Run until told to end, or left by whoever watched (raises ``Problem`` where the server fails)."""
        for number in ENDING_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._end)
        self._screen.on_abandoned = self._ending.set
        playing = asyncio.create_task(self._play())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait((playing, ending), return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
        except ServerAway as error:
            raise Problem(f"the server of the demo ended by itself: {self._server.last_words()} ({error})") from None
        finally:
            for task in (playing, ending):
                task.cancel()
            await asyncio.gather(playing, ending, return_exceptions=True)
            await self._run_cleanup()

    async def _play(self) -> None:
        self._screen.keep_below([("Starting a server on a throw-away database …", "dim")])
        # Beside each other, as any two commands may be: whoever comes first makes the database.
        agency, _ = await asyncio.gather(
            asyncio.to_thread(seed_data.found, self._server.database_url), self._server.start()
        )
        await seed_data.furnish(agency, self._server.client)
        for receiver in self._receivers:
            await receiver.open()
        self._screen.keep_below([])
        show_beginning(self._screen, self._server.address, agency, self._receivers)
        self._story = Story(self._screen, self._server, agency, *self._receivers)
        await self._story.listen()
        await asyncio.sleep(READING_SECONDS)
        await asyncio.gather(self._story.tell(), self._story.lanes.watch())

    async def _run_cleanup(self) -> None:
        if self._story is not None:
            # How much still waits.
            with suppress(ServerAway, TimeoutError):
                async with asyncio.timeout(LAST_LOOK_SECONDS):
                    await self._story.lanes.look()
        # First, so that the server waits for none of them.
        for receiver in self._receivers:
            receiver.close()
        await self._server.stop()
        self._screen.close()
        if self._story is not None:
            show_end(self._screen, self._story.deeds_count, self._story.kills_count, self._story.lanes.all)

    def _show(self, arrival: Arrival) -> None:
        if self._story is not None and not self._ending.is_set():
            self._story.show(arrival)

    def _end(self) -> None:
        if self._ending.is_set():
            # Told twice: at once.
            self._server.kill_now()
            self._screen.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            os._exit(128 + signal.SIGINT)
        self._ending.set()
