"""The measured process: the real one, assembled as ``hourhook serve`` and ``hourhook worker`` do it.

``python -m bench.server_under_test serve|work URL SETTINGS [--watched]`` runs the API with a worker in it, or only a
worker, which with SQLite is allowed in a benchmark only. It sends a message when it is ready, and ends at the end of
its input. A watched one reports, by messages, its statements and the times of its commits.
"""

import asyncio
import json
import os
import pickle
import signal
import socket
import sys
import time
from base64 import b64decode, b64encode
from typing import Any

import uvloop

from bench import host_names
from bench.backlogs import settings_for
from bench.statements import Statement, StatementRecorder
from bench.subprocesses import MEASURED_CORE, BenchProcess, send_message
from hourhook import logs
from hourhook.process.bootstrap import Runtime, bind, build_runtime
from hourhook.process.delivering import work
from hourhook.process.serving import serve
from hourhook.store.transaction import Transaction


class Server(BenchProcess):
    """The process of ``hourhook serve``, with a worker in it."""

    def __init__(self, url: str, *, core: int = MEASURED_CORE, is_watched: bool = False, **settings: object) -> None:
        """Start it, and wait until it accepts requests. The methods need ``is_watched``; ``port`` may be a setting."""
        super().__init__(
            core, "bench.server_under_test", "serve", url, json.dumps(settings), *["--watched"] * is_watched
        )
        self.port: int = self.receive()["port"]

    def count(self) -> int:
        """Return the number of statements that it has executed."""
        return int(self.call(command="count")["count"])

    def start_recording(self) -> None:
        """Make it record its statements and the times of its commits from now on."""
        self.call(command="start_recording")

    def stop_recording(self) -> tuple[list[Statement], list[int]]:
        """Return the statements since, and the times (monotonic, nanoseconds) of commits that recorded events."""
        statements, commits = pickle.loads(b64decode(self.call(command="stop_recording")["recorded"]))
        return statements, commits


class Worker(BenchProcess):
    """The process of ``hourhook worker``."""

    def __init__(self, url: str, *, core: int = MEASURED_CORE, **settings: object) -> None:
        """Start it, and wait until it is ready to deliver."""
        super().__init__(core, "bench.server_under_test", "work", url, json.dumps(settings))
        self.receive()


class _Monitor:
    """Handles the commands that the benchmark sends to a watched process."""

    def __init__(self) -> None:
        self.statements = StatementRecorder()
        self._commit_times: list[int] = []

    def watch_commits(self) -> None:
        run_after_commit = Transaction.run_after_commit

        def record_time(tx: Transaction) -> None:
            if "events" in tx.state:
                self._commit_times.append(time.monotonic_ns())
            run_after_commit(tx)

        Transaction.run_after_commit = record_time  # type: ignore[method-assign,assignment]

    def handle(self, command: str) -> None:
        if command == "count":
            send_message(count=self.statements.count)
        elif command == "start_recording":
            self.statements.start_recording()
            self._commit_times.clear()
            send_message(started=True)
        else:
            recorded = pickle.dumps((self.statements.stop_recording(), [*self._commit_times]))
            send_message(recorded=b64encode(recorded).decode())


def _main(role: str, url: str, changes: dict[str, Any], *, is_watched: bool) -> None:
    monitor = _Monitor()
    if is_watched:
        monitor.statements.install()
    listener = bind("127.0.0.1", changes.pop("port", 0))
    port = listener.getsockname()[1]
    settings = settings_for(url, base_url=f"http://127.0.0.1:{port}", **changes)
    logs.configure(settings)
    runtime = build_runtime(settings, "127.0.0.1")
    runtime.resolver = host_names.resolve
    try:
        uvloop.run(_serve(runtime, listener, port, monitor) if role == "serve" else _work(runtime, monitor))
    finally:
        runtime.database.close()


async def _serve(runtime: Runtime, listener: socket.socket, port: int, monitor: _Monitor) -> None:
    def report_port() -> None:
        monitor.watch_commits()
        send_message(port=port)

    _read_commands(monitor)
    await serve(runtime, listener, with_worker=True, on_start=report_port)


async def _work(runtime: Runtime, monitor: _Monitor) -> None:
    _read_commands(monitor)
    send_message(ready=True)
    await work(runtime)


def _read_commands(monitor: _Monitor) -> None:
    loop = asyncio.get_running_loop()

    def read() -> None:
        data = os.read(0, 4096)
        for line in data.splitlines():
            monitor.handle(json.loads(line)["command"])
        if not data:
            loop.remove_reader(0)
            os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(0, read)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), is_watched="--watched" in sys.argv)
