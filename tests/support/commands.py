"""Run the real commands, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.support.clients import Client
from tests.support.fork_server import ForkedProcess, fork_server

KEY = "the key of the tests of the commands, which is no secret"


@dataclass(frozen=True)
class Result:
    """The result of a command."""

    status: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Return the output of a command that succeeded, parsed."""
        assert self.status == 0, self.stderr
        return json.loads(self.stdout)


@dataclass(frozen=True)
class CliRunner:
    """Runs ``hourhook`` in a folder, with the settings of the test and no others."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def with_settings(self, **settings: str) -> "CliRunner":
        """Return a copy with added settings: ``with_settings(rate_limit="off")``."""
        added = {f"HOURHOOK_{name.upper()}": value for name, value in settings.items()}
        return CliRunner(self.folder, {**self.settings, **added})

    @property
    def database_url(self) -> str:
        return self.settings.get("HOURHOOK_DATABASE_URL", f"sqlite:///{self.folder}/hourhook.db")

    def run(self, *words: str, stdin: bytes = b"") -> Result:
        """Run a command to its end, with ``stdin`` as its standard input."""
        with TemporaryFile() as stdin_file, TemporaryFile() as stdout, TemporaryFile() as stderr:
            stdin_file.write(stdin)
            stdin_file.seek(0)
            status = fork_server().run(words, self.folder, self.environment(), (stdin_file, stdout, stderr))
            stdout.seek(0)
            stderr.seek(0)
            return Result(status, stdout.read().decode(), stderr.read().decode())

    def run_fresh(self, *words: str) -> Result:
        """Run a command in a process that imports only what it needs, as users do."""
        completed = subprocess.run(self.line(*words), cwd=self.folder, env=self.environment(), capture_output=True)
        return Result(completed.returncode, completed.stdout.decode(), completed.stderr.decode())

    def create_account(self, name: str = "northwind", email: str = "ada@northwind.test") -> Any:
        """Create an account; return the JSON that the command prints."""
        owner = ("--first-name", "Ada", "--last-name", "Byron", "--password", "secret")
        return self.run("account", "create", "--name", name, "--email", email, *owner, "--json").json()

    @contextmanager
    def start(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """Start a command that runs until it is stopped, with pipes for ``stdout`` and ``stderr`` (its log)."""
        process = subprocess.Popen(
            self.line(*words),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def start_on_terminal(self, terminal: int, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Start a command that runs until it is stopped, on a terminal."""
        process = subprocess.Popen(
            self.line(*words), cwd=self.folder, env=self.environment(), stdin=terminal, stdout=terminal, stderr=terminal
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def serving(self, *words: str) -> Iterator["RunningServer"]:
        """Start a server on a free port, and wait until it serves."""
        process = fork_server().start(("serve", "--port", "0", *words), self.folder, self.environment())
        try:
            yield RunningServer(process, wait_for_log_event(process, "serving")["address"])
        finally:
            process.close()

    def line(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "hourhook", *words]

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOURHOOK_")}
        return {**inherited, **self.settings}


@dataclass(frozen=True)
class RunningServer:
    """A server that runs in a process of its own."""

    process: ForkedProcess
    address: str

    def client(self, token: str | None = None) -> Client:
        return Client(self.address, token)

    def stop(self, number: int) -> int:
        """Send a signal, wait for the end of the process, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait()


def wait_for_log_event(process: "subprocess.Popen[str] | ForkedProcess", event: str) -> dict[str, Any]:
    """Read the log of a process up to an event; return the event."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("{") and (logged := json.loads(line))["event"] == event:
            return dict(logged)
    raise AssertionError(f"no {event!r} in:\n{''.join(lines)}")
