"""Run ``hourhook listen``, and kill it and its server."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Timer
from time import monotonic

from tests.support.clients import Client
from tests.support.commands import CliRunner
from tests.support.fork_server import ForkedProcess, fork_server

ENTRY = {"date": "2024-05-21", "minutes": 45, "description": "Hello"}

WAIT_TIMEOUT_SECONDS = 20


@dataclass
class Listening:
    """A running ``hourhook listen``, and what it has printed so far."""

    process: ForkedProcess
    lines: list[str] = field(default_factory=list)

    def find(self, pattern: str) -> str:
        """Read lines up to one that matches; return it."""
        watchdog = Timer(WAIT_TIMEOUT_SECONDS, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line)
                if re.search(pattern, line):
                    return line
        finally:
            watchdog.cancel()
        raise AssertionError(f"no {pattern!r} in:\n{self.lines}\n{self.process.stderr.read()}")

    def event(self, position: int) -> str:
        """Wait for the line of an event."""
        return self.find(rf"^ *{position} ")

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit status and all that was printed."""
        self.process.send_signal(number)
        self.lines += self.process.stdout
        return self.process.wait(), "".join(self.lines)

    @property
    def positions(self) -> list[int]:
        """The positions of the complete lines that were printed."""
        return [int(found[1]) for line in self.lines if (found := re.match(r" *(\d+) .*\n", line))]


@contextmanager
def listening(cli: CliRunner, server: str, token: str, *options: str) -> Iterator[Listening]:
    """Start to listen, and wait until it does."""
    words = ("listen", "--server", server, "--token", token, *options)
    process = fork_server().start(words, cli.folder, cli.environment())
    try:
        started = Listening(process)
        started.find("^Position ")
        yield started
    finally:
        process.close()


def run_kills(cli: CliRunner, listener: CliRunner, token: str, rounds: int, forward_to: str) -> tuple[list[int], float]:
    """Listen while the server is killed, then kill the listener; return all positions and the longest delay in seconds.

    In each round one entry is created before the kill of the server, one after it, and one while nobody listens.
    """
    port, slowest, after = "0", 0.0, 0
    positions: list[int] = []
    for number in range(rounds):
        with cli.serving("--port", port) as server:
            port = server.address.rpartition(":")[2]
            client = Client(server.address, token)
            if number == 0:
                after = int(client.get("/v2/account").headers["x-hourhook-position"])
            options = ("--after", str(after), "--forward-to", forward_to)
            with listening(listener, server.address, token, *options) as follower:
                slowest = max(slowest, create_and_await(client, follower))
                server.stop(signal.SIGKILL)
                with cli.serving("--port", port) as restarted:
                    client = Client(restarted.address, token)
                    created = create(client)
                    follower.event(created)
                    slowest = max(slowest, create_and_await(client, follower))
                    # It may be killed while it forwards, and before it prints.
                    create(client)
                    follower.stop(signal.SIGKILL)
                    create(client)
                positions += follower.positions
                after = follower.positions[-1]
    return positions, slowest


def create(client: Client) -> int:
    """Create an entry; return the position of its event."""
    created = client.post("/v2/entries", ENTRY)
    assert created.status == 201
    return int(created.headers["x-hourhook-position"])


def create_and_await(client: Client, follower: Listening) -> float:
    """Create an entry, and return how long its event took to be printed since the response."""
    position = create(client)
    start = monotonic()
    follower.event(position)
    return monotonic() - start
