"""The server of the demo: ``hourhook serve`` in a process of its own, so that it can be killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from contextlib import closing, suppress
from pathlib import Path

from hourhook.cli.demo.clients import Client
from hourhook.cli.serve import server_url
from hourhook.errors import OperatorError

DEFAULT_PORT = 8080
START_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 4.0
POLL_INTERVAL_SECONDS = 0.05


class Server:
    """A server on a temporary database, which it finds as it left it however it ended."""

    def __init__(self, host: str, port: int, folder: Path) -> None:
        self.client = Client(local_server_url(host, port))
        self.database_url = f"sqlite:///{folder / 'demo.db'}"
        self._arguments = ("serve", "--host", host, "--port", str(port))
        self._log_path = folder / "server.log"
        self._process: Process | None = None

    @property
    def address(self) -> str:
        """Where it is reached."""
        return self.client.address

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it serves (raises ``OperatorError`` where it does not)."""
        with self._log_path.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hourhook", *self._arguments),
                env=self._environment(),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is meant for the demo, which ends its server itself.
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                # Its own word: who answers on the port may be somebody else.
                while not self._says_it_serves():
                    if self._process.returncode is not None:
                        raise OperatorError(f"the server of the demo did not start: {self.last_log_line()}")
                    await asyncio.sleep(POLL_INTERVAL_SECONDS)
        except TimeoutError:
            raise OperatorError(f"the server of the demo did not start in time: {self.last_log_line()}") from None

    async def kill(self) -> None:
        """Kill it, as ``kill -9`` does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Have it end in good order, or kill it when that takes too long."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await self._end(signal.SIGTERM)
        except TimeoutError:
            await self.kill()

    def kill_nowait(self) -> None:
        """Kill it without waiting for its end."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()

    def _environment(self) -> dict[str, str]:
        # None of the settings that are meant for a real server.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOURHOOK_")}
        return kept | {
            "HOURHOOK_DATABASE_URL": self.database_url,
            "HOURHOOK_BASE_URL": self.address,
            "HOURHOOK_ALLOWED_NETWORKS": "127.0.0.1/32",
            "HOURHOOK_RETRY_BASE_SECONDS": "1",
            "HOURHOOK_LOG_FORMAT": "json",
        }

    def _says_it_serves(self) -> bool:
        return b'"serving"' in self._log_path.read_bytes()

    def last_log_line(self) -> str:
        """What it said last, in its log."""
        lines = self._log_path.read_text(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("hourhook: ") if lines else "it said nothing"


def free_port(host: str, port: int | None) -> int:
    """A port that can be served on: the one asked for (raises ``OperatorError`` where it is taken), else 8080, else any."""
    from hourhook.process.bootstrap import bind

    if port is None:
        with suppress(OperatorError), closing(bind(host, DEFAULT_PORT)):
            return DEFAULT_PORT
    with closing(bind(host, port or 0)) as bound:
        return int(bound.getsockname()[1])


def local_server_url(host: str, port: int) -> str:
    """Where a server that is bound to this host is reached from this machine."""
    return server_url({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)
