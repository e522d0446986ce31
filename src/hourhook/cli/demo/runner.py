"""Run a demo from start to finish; Ctrl-C or SIGTERM ends it."""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from hourhook.cli.demo import seed_data
from hourhook.cli.demo.clients import ServerUnavailable
from hourhook.cli.demo.receivers import Arrival, Receiver
from hourhook.cli.demo.scenario import DemoScenario
from hourhook.cli.demo.servers import Server
from hourhook.cli.demo.summaries import show_intro, show_summary
from hourhook.cli.terminal import Terminal
from hourhook.errors import OperatorError

SHUTDOWN_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
READING_SECONDS = 2.5
FINAL_POLL_SECONDS = 1.0


class DemoRunner:
    """One demo, shown on one terminal, with its files in one folder."""

    def __init__(self, terminal: Terminal, host: str, port: int, folder: Path) -> None:
        self._terminal = terminal
        self._folder = folder
        self._server = Server(host, port, folder)
        self._receivers = (
            Receiver("Invoicing", "cyan", self._show),
            Receiver("Dashboard", "magenta", self._show),
        )
        self._scenario: DemoScenario | None = None
        # Pings that arrive before the introduction is shown.
        self._early: list[Arrival] = []
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal or a closed output pipe. Raises ``OperatorError`` if the server fails."""
        for number in SHUTDOWN_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._end)
        self._terminal.on_pipe_broken = self._ending.set
        playing = asyncio.create_task(self._play())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait((playing, ending), return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
        except ServerUnavailable as error:
            raise OperatorError(
                f"the demo's server stopped unexpectedly: {self._server.last_log_line()} ({error})"
            ) from None
        finally:
            for task in (playing, ending):
                task.cancel()
            await asyncio.gather(playing, ending, return_exceptions=True)
            await self._run_cleanup()

    async def _play(self) -> None:
        self._terminal.set_footer([("Starting a server on a throw-away database…", "dim")])
        # Concurrently, as any two commands may run: the first one creates the database.
        account, _ = await asyncio.gather(
            asyncio.to_thread(seed_data.create_account, self._server.database_url), self._server.start()
        )
        await seed_data.seed_history(account, self._server.client)
        for receiver in self._receivers:
            await receiver.open()
        self._terminal.set_footer([])
        scenario = DemoScenario(self._terminal, self._server, account, *self._receivers)
        await scenario.create_webhooks()
        sign_in_path = await asyncio.to_thread(seed_data.make_sign_in_path, self._server.database_url, account)
        page = f"{self._server.address}{sign_in_path}?next={scenario.page_path}"
        show_intro(self._terminal, self._server.address, page, account, self._receivers)
        self._scenario = scenario
        for arrival in self._early:
            scenario.on_arrival(arrival)
        await asyncio.sleep(READING_SECONDS)
        await asyncio.gather(self._scenario.run(), self._scenario.lanes.watch())

    async def _run_cleanup(self) -> None:
        if self._scenario is not None:
            # For the number of waiting payloads in the summary.
            with suppress(ServerUnavailable, TimeoutError):
                async with asyncio.timeout(FINAL_POLL_SECONDS):
                    await self._scenario.lanes.poll()
        # Before the server, so that it does not wait for their responses.
        for receiver in self._receivers:
            receiver.close()
        await self._server.stop()
        self._terminal.close()
        if self._scenario is not None:
            show_summary(
                self._terminal, self._scenario.requests_count, self._scenario.kills_count, self._scenario.lanes.all
            )

    def _show(self, arrival: Arrival) -> None:
        if self._scenario is None:
            self._early.append(arrival)
        elif not self._ending.is_set():
            self._scenario.on_arrival(arrival)

    def _end(self) -> None:
        if self._ending.is_set():
            # The second signal ends the demo immediately.
            self._server.kill_nowait()
            self._terminal.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            os._exit(128 + signal.SIGINT)
        self._ending.set()
