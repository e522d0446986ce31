"""Run the programs of ``examples/`` against a server that can be killed and started again, both in real time."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from tests.support.clients import Client, Response
from tests.support.commands import CliRunner, wait_for_log_event
from tests.support.fork_server import ForkedProcess, fork_server

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WAIT_TIMEOUT_SECONDS = 30


def free_port() -> int:
    """Return a port that stays free while nothing listens on it: the system gives it to no client."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as bound, suppress(OSError):
            bound.bind(("127.0.0.1", port))
            return port


def wait_until(is_so: Callable[[], object], what: str | Callable[[], str]) -> None:
    """Ask every 20 ms until something is so; ``what`` says what is not."""
    end = monotonic() + WAIT_TIMEOUT_SECONDS
    while not is_so():
        assert monotonic() < end, what if isinstance(what, str) else what()
        threading.Event().wait(0.02)


@dataclass
class RestartableServer:
    """A server with an account, on a port that it keeps."""

    cli: CliRunner
    port: int = field(default_factory=free_port)
    token: str = ""
    user_id: int = 0
    _process: ForkedProcess | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = ("serve", "--port", str(self.port))
        self._process = fork_server().start(arguments, self.cli.folder, self.cli.environment())
        wait_for_log_event(self._process, "serving")

    def kill(self) -> None:
        """Send SIGKILL, as a crash does."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def send(self, method: str, path: str, body: Any = b"", **headers: str) -> Any:
        """Send a request that must succeed; return its parsed body, if it has one."""
        response = self.request(method, path, body, **headers)
        assert response.status < 300, (method, path, response.body)
        return response.json() if response.body else None

    def request(self, method: str, path: str, body: Any = b"", **headers: str) -> Response:
        client = Client(self.address, self.token)
        try:
            return client.request(method, path, body=body, headers=headers)
        finally:
            client.close()

    def log(self, date: str, minutes: int, **values: Any) -> Any:
        """Create an entry."""
        return self.send("POST", "/v2/entries", {"date": date, "minutes": minutes, **values})

    def create_webhook(self, port: int, events: str) -> dict[str, Any]:
        """Create a webhook by the command that the READMEs name."""
        words = ("webhook", "create", "--name", "Example", "--url", f"http://127.0.0.1:{port}/", "--events", events)
        created: dict[str, Any] = self.cli.run(*words, "--json").json()
        return created

    def wait_until_delivered(self, webhook: dict[str, Any]) -> None:
        status = f"/v2/webhooks/{webhook['id']}/status"
        wait_until(lambda: self.send("GET", status)["waiting_count"] == 0, "payloads are still waiting")

    def skip_failing(self, webhook: dict[str, Any]) -> None:
        """Wait until a payload fails, and skip it."""
        path = f"/v2/webhooks/{webhook['id']}"
        wait_until(lambda: self.send("GET", f"{path}/status")["failing_since"], "no payload fails")
        self.send("PUT", f"{path}/skip/{self.send('GET', f'{path}/status')['failing_payload_id']}")


@dataclass
class Program:
    """An example, in a folder of its own; ``settings`` are its environment variables."""

    path: str
    folder: Path
    settings: dict[str, str]
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, and wait until it says so."""
        before = len(self.output)
        self.start_at_once()
        wait_until(lambda: "http://127.0.0.1" in self.output[before:] or self._has_ended(), "it does not start")
        assert not self._has_ended(), self.output

    def start_at_once(self) -> None:
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._line(), cwd=self.folder, env=self._environment(), stdout=output, stderr=output
            )

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        line = [*self._line(), *words]
        return subprocess.run(line, cwd=self.folder, env=self._environment(), capture_output=True, text=True)

    def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    @property
    def output(self) -> str:
        path = self.folder / "output"
        return path.read_text() if path.exists() else ""

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _line(self) -> list[str]:
        return [sys.executable, str(EXAMPLES / self.path)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings}


@contextmanager
def restartable_server(folder: Path) -> Iterator[RestartableServer]:
    """Start a server whose webhooks are tried again after a tenth of a second."""
    settings = {"secret_key": "the key of the tests of the examples", "rate_limit": "off", "retry_base_seconds": "0.1"}
    cli = CliRunner(folder).with_settings(
        **settings, retry_cap_seconds="0.2", database_url=f"sqlite:///{folder}/hourhook.db"
    )
    created = cli.create_account()
    server = RestartableServer(cli, token=created["token"], user_id=created["user_id"])
    server.start()
    try:
        yield server
    finally:
        server.kill()


MakeProgram = Callable[..., Program]


@contextmanager
def making_programs(folder: Path, server: RestartableServer) -> Iterator[MakeProgram]:
    """Make examples that are connected with a server; they are killed in the end."""
    with ExitStack() as stack:

        def make(path: str, **settings: str) -> Program:
            own_folder = folder / Path(path).stem
            own_folder.mkdir()
            program = Program(path, own_folder, {"SERVER": server.address, "TOKEN": server.token, **settings})
            stack.callback(program.kill)
            return program

        yield make
