"""The baseline of the API: a bare handler that executes the same statements on the plain driver.

``python -m bench.baseline URL RECORDINGS`` serves on a free port, under the same HTTP server as the API. RECORDINGS is
a file with the statements and the response of the API for one request of each kind. The handler repeats them for each
POST or GET; only the entry's id and the event's position, which must be unique, are replaced by new ones.
"""

import asyncio
import os
import pickle
import queue
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import uvicorn
import uvloop

from bench.statements import Statement
from bench.subprocesses import MEASURED_CORE, BenchProcess, send_message
from hourhook.process.bootstrap import bind
from hourhook.store.postgres import THREADS
from hourhook.store.urls import is_embedded, sqlite_path

# The first id and position: numbers that occur nowhere else in a statement.
FIRST_ENTRY, FIRST_POSITION = 700_000_000, 800_000_000


@dataclass
class Recording:
    """The statements that the API executed for a request, and its response."""

    statements: Sequence[Statement]
    response_body: bytes
    entry_id: int = 0
    position: int = 0


class Baseline(BenchProcess):
    """The process of the bare handler."""

    def __init__(self, url: str, recordings: Path) -> None:
        """Start it, and wait until it serves."""
        super().__init__(MEASURED_CORE, "bench.baseline", url, recordings)
        self.port: int = self.receive()["port"]


class _Handler:
    def __init__(self, url: str, recordings: dict[str, Recording]) -> None:
        self._connections: queue.LifoQueue[Any] = queue.LifoQueue()
        self._is_sqlite = is_embedded(url)
        # SQLite has one writer; readers queue for the same connection, which costs nothing in this benchmark.
        count = 1 if self._is_sqlite else THREADS
        self._threads = ThreadPoolExecutor(count)
        for _ in range(count):
            self._connections.put(_connect(url))
        self._replays = {method: _Replay(recording) for method, recording in recordings.items()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        replay = self._replays[scope["method"]]
        if scope["method"] == "POST":
            msgspec.json.decode((await receive())["body"])
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._threads, self._run, replay)
        length = b"%d" % len(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _run(self, replay: "_Replay") -> bytes:
        connection = self._connections.get_nowait()
        try:
            return replay.run(connection)
        finally:
            self._connections.put(connection)


class _Replay:
    """Repeats the statements of a recorded request."""

    def __init__(self, recording: Recording) -> None:
        self._response = msgspec.json.decode(recording.response_body)
        recorded = (recording.entry_id, recording.position)
        self._steps = [
            (text, parameters, _make_renewal(parameters, *recorded)) for text, parameters in recording.statements
        ]

    def run(self, connection: Any) -> bytes:
        entry_id = position = 0
        for text, parameters, renew in self._steps:
            if renew is not None:
                parameters = renew(entry_id, position)
            if text.startswith("INSERT") and type(parameters) is list:
                connection.executemany(text, parameters)
                continue
            cursor = connection.execute(text, parameters or ())
            if text.startswith("SELECT accounts.last_position"):
                position = cursor.fetchone()[0] + 1
            elif text.startswith("SELECT"):
                cursor.fetchall()
            elif "RETURNING" in text:
                entry_id = cursor.fetchone()[0]
        return msgspec.json.encode(self._response)


def _make_renewal(parameters: Any, old_id: int, old_position: int) -> Callable[[int, int], Any] | None:
    """Return a function that puts a new id and position into the parameters; None if they contain neither."""
    text = repr(parameters)
    if not old_id or (str(old_id) not in text and str(old_position) not in text):
        return None
    old_texts = str(old_id), str(old_position)

    def renew(value: Any, id: int, position: int) -> Any:
        match value:
            case int():
                return id if value == old_id else position if value == old_position else value
            case str():
                return value.replace(old_texts[0], str(id)).replace(old_texts[1], str(position))
            case tuple() | list():
                return type(value)([renew(part, id, position) for part in value])
            case dict():
                return {name: renew(part, id, position) for name, part in value.items()}
            case _:
                return value

    return lambda id, position: renew(parameters, id, position)


def _connect(url: str) -> Any:
    if not is_embedded(url):
        return psycopg.connect(url, autocommit=True, prepare_threshold=2)
    connection = sqlite3.connect(sqlite_path(url), isolation_level=None, check_same_thread=False, cached_statements=512)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 8000", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def _serve(url: str, recordings: dict[str, Recording]) -> None:
    def stop_at_end_of_input() -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            os.kill(os.getpid(), signal.SIGTERM)

    asyncio.get_running_loop().add_reader(0, stop_at_end_of_input)
    listener = bind("127.0.0.1", 0)
    send_message(port=listener.getsockname()[1])
    handler = _Handler(url, recordings)
    config = uvicorn.Config(handler, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
    await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], pickle.loads(Path(sys.argv[2]).read_bytes())))
