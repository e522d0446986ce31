"""Run the server of the demo: ``hourhook serve`` in a separate process, so that it can be killed."""

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
    """A server on a temporary database that survives restarts."""

    def __init__(self, host: str, port: int, folder: Path) -> None:
        self.client = Client(local_server_url(host, port))
        self.database_url = f"sqlite:///{folder / 'demo.db'}"
        self._arguments = ("serve", "--host", host, "--port", str(port))
        self._log_path = folder / "server.log"
        self._process: Process | None = None

    @property
    def address(self) -> str:
        return self.client.address

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the server and wait until it is ready. Raises ``OperatorError`` if it fails to start."""
        with self._log_path.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hourhook", *self._arguments),
                env=self._environment(),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C must reach only the demo, which stops its server itself.
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                # Read from its log, because another process may answer on the port.
                while not self._has_logged_serving():
                    if self._process.returncode is not None:
                        raise OperatorError(f"the demo's server did not start: {self.last_log_line()}")
                    await asyncio.sleep(POLL_INTERVAL_SECONDS)
        except TimeoutError:
            raise OperatorError(f"the demo's server did not start in time: {self.last_log_line()}") from None

    async def kill(self) -> None:
        """Kill the server with SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Stop the server with SIGTERM, or kill it after a timeout."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
                await self._end(signal.SIGTERM)
        except TimeoutError:
            await self.kill()

    def kill_nowait(self) -> None:
        """Kill the server without waiting for the process to end."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _end(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()

    def _environment(self) -> dict[str, str]:
        # Without the settings of a real server.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOURHOOK_")}
        return inherited | {
            "HOURHOOK_DATABASE_URL": self.database_url,
            "HOURHOOK_BASE_URL": self.address,
            "HOURHOOK_ALLOWED_NETWORKS": "127.0.0.1/32",
            "HOURHOOK_RETRY_BASE_SECONDS": "1",
            "HOURHOOK_LOG_FORMAT": "json",
        }

    def _has_logged_serving(self) -> bool:
        return b'"serving"' in self._log_path.read_bytes()

    def last_log_line(self) -> str:
        lines = self._log_path.read_text(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("hourhook: ") if lines else "its log is empty"


def free_port(host: str, port: int | None) -> int:
    """Return a free port: the given one, else 8080, else any. Raises ``OperatorError`` if the given one is taken."""
    from hourhook.process.bootstrap import bind

    if port is None:
        with suppress(OperatorError), closing(bind(host, DEFAULT_PORT)):
            return DEFAULT_PORT
    with closing(bind(host, port or 0)) as bound:
        return int(bound.getsockname()[1])


def local_server_url(host: str, port: int) -> str:
    """Return the URL at which a server bound to ``host`` is reached from this machine."""
    return server_url({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)
