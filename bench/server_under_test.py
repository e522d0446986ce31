"""What is measured: the real process, put together as ``hourhook serve`` and ``hourhook worker`` put it together.

``python -m bench.server_under_test serve|work URL [--watched]``: ``serve`` with a worker beside the API, or a worker alone, which
on SQLite only a benchmark may have. It says when it is ready, and ends when its input does. A watched one is asked by
messages for the statements that it has sent to the database, and for the moments of its commits.
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

from bench.backlogs import settings_for
from bench.statements import Statement, StatementRecorder
from bench.subprocesses import MEASURED_CORE, BenchProcess, send_message
from hourhook import logs
from hourhook.process.bootstrap import Runtime, bind, build_runtime
from hourhook.process.delivering import work
from hourhook.process.serving import serve
from hourhook.store.transaction import Transaction


class Server(BenchProcess):
    """``hourhook serve``, with a worker in it."""

    def __init__(self, url: str, *, core: int = MEASURED_CORE, is_watched: bool = False, **settings: object) -> None:
        """Start it, and wait until it serves."""
        super().__init__(
            core, "bench.server_under_test", "serve", url, json.dumps(settings), *["--watched"] * is_watched
        )
        self.port: int = self.receive()["port"]

    def count(self) -> int:
        """How many statements it has sent to the database; only of a watched one, as what follows."""
        return int(self.call(what="count")["count"])

    def start_recording(self) -> None:
        """Have it keep its statements and the moments of its commits from now on."""
        self.call(what="start_recording")

    def stop_recording(self) -> tuple[list[Statement], list[int]]:
        """The statements since, and the moments (monotonic, nanoseconds) of commits that recorded something."""
        statements, commits = pickle.loads(b64decode(self.call(what="take")["taken"]))
        return statements, commits


class Worker(BenchProcess):
    """``hourhook worker``."""

    def __init__(self, url: str, *, core: int = MEASURED_CORE) -> None:
        """Start it, and wait until it is about to deliver."""
        super().__init__(core, "bench.server_under_test", "work", url, "{}")
        self.receive()


class _Watch:
    """Answers what the benchmark asks of a watched process."""

    def __init__(self) -> None:
        self.statements = StatementRecorder()
        self._commits: list[int] = []

    def watch_commits(self) -> None:
        run_after_commit = Transaction.run_after_commit

        def note_and_announce(tx: Transaction) -> None:
            if "events" in tx.state:
                self._commits.append(time.monotonic_ns())
            run_after_commit(tx)

        Transaction.run_after_commit = note_and_announce  # type: ignore[method-assign,assignment]

    def answer(self, what: str) -> None:
        if what == "count":
            send_message(count=self.statements.count)
        elif what == "start_recording":
            self.statements.start_recording()
            self._commits.clear()
            send_message(kept=True)
        else:
            taken = pickle.dumps((self.statements.stop_recording(), [*self._commits]))
            send_message(taken=b64encode(taken).decode())


def _main(role: str, url: str, more: dict[str, Any], *, is_watched: bool) -> None:
    watch = _Watch()
    if is_watched:
        watch.statements.install()
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    settings = settings_for(url, base_url=f"http://127.0.0.1:{port}", **more)
    logs.configure(settings)
    runtime = build_runtime(settings, "127.0.0.1")
    try:
        uvloop.run(_serve(runtime, listener, port, watch) if role == "serve" else _work(runtime, watch))
    finally:
        runtime.database.close()


async def _serve(runtime: Runtime, listener: socket.socket, port: int, watch: _Watch) -> None:
    def begin() -> None:
        watch.watch_commits()
        send_message(port=port)

    _listen(watch)
    await serve(runtime, listener, with_worker=True, on_start=begin)


async def _work(runtime: Runtime, watch: _Watch) -> None:
    _listen(watch)
    send_message(ready=True)
    await work(runtime)


def _listen(watch: _Watch) -> None:
    loop = asyncio.get_running_loop()

    def listen() -> None:
        data = os.read(0, 4096)
        for line in data.splitlines():
            watch.answer(json.loads(line)["what"])
        if not data:
            loop.remove_reader(0)
            os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(0, listen)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), is_watched="--watched" in sys.argv)
