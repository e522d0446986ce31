"""(c) Requests per second of the API, compared with a bare handler that executes the same statements."""

import http.client
import json
import pickle
import socket
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from bench.backlogs import open_account
from bench.baseline import FIRST_ENTRY, FIRST_POSITION, Baseline, Recording
from bench.databases import KINDS, Databases
from bench.loads import LoadGenerator, request
from bench.server_under_test import Server
from bench.tables import format_spread, print_table, progress
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database

COUNT, QUICK = 3_000, 400
REPETITIONS = 5
ENTRIES = 1_000
ACTIONS = {"POST": "creating an entry", "GET": "listing 30 entries"}


@dataclass
class Rates:
    """The requests per second of a server, and the processor seconds per request; a value for each repetition."""

    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def measure(self, server: Server | Baseline, request: bytes, count: int) -> None:
        with LoadGenerator(server.port) as load:
            load.send([request], count // 10)
            cpu_seconds_before = server.cpu_seconds
            self.rates.append(load.send([request], count).rate)
            self.seconds.append((server.cpu_seconds - cpu_seconds_before) / count)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure the API and the bare handler in alternation, and print the table."""
    results = {
        (kind, method): _measure(databases, kind, method, QUICK if quick else COUNT, 1 if quick else REPETITIONS)
        for kind in KINDS
        for method in ACTIONS
    }
    progress("")
    rows = [
        (
            f"{ACTIONS[method]}, {kind}",
            format_spread(api.rates),
            format_spread(baseline.rates),
            format_spread([rate / bare for rate, bare in zip(api.rates, baseline.rates, strict=True)], ".2f"),
            f"{statistics.median(api.seconds) * 1e6:,.0f} / {statistics.median(baseline.seconds) * 1e6:,.0f}",
        )
        for (kind, method), (api, baseline) in results.items()
    ]
    headings = ("", "API", "bare handler", "ratio", "processor µs each / bare handler")
    print_table("(c) Requests per second", headings, rows)


def _measure(databases: Databases, kind: str, method: str, count: int, repetitions: int) -> tuple[Rates, Rates]:
    api, baseline = Rates(), Rates()
    # A database for each kind of request, so that created entries do not make the list longer.
    with databases.fresh(kind) as url, recorded(url) as (requests, recordings):
        for repetition in range(repetitions):
            progress(f"api: {ACTIONS[method]}, {kind}, {repetition + 1} of {repetitions}")
            with Server(url) as server:
                api.measure(server, requests[method], count)
            with Baseline(url, recordings) as bare_handler:
                baseline.measure(bare_handler, requests[method], count)
    return api, baseline


def requests_of(token: str, project_id: int) -> dict[str, bytes]:
    """Return one request of each kind, by method."""
    entry = {
        "date": "2024-05-21",
        "minutes": 45,
        "description": "Work on the #design of the #api",
        "project_id": project_id,
    }
    return {
        "POST": request("POST", "/v2/entries", token, entry),
        "GET": request("GET", "/v2/entries?per_page=30", token),
    }


@contextmanager
def recorded(url: str) -> Iterator[tuple[dict[str, bytes], Path]]:
    """Create an account with entries; yield the requests to send, and a file with the recording of each."""
    database = open_database(url)
    account = open_account(database)
    database.run_now(_raise_counters)
    database.close()
    with Server(url, is_watched=True) as server, LoadGenerator(server.port) as load:
        project = json.loads(_send(server.port, request("POST", "/v2/projects", account.token, {"name": "Orchard"})))
        requests = requests_of(account.token, project["id"])
        load.send([requests["POST"]], ENTRIES)
        recordings = {}
        for method, bytes_sent in requests.items():
            # Until the caches are filled.
            load.send([bytes_sent], 20)
            recordings[method] = _record(server, bytes_sent)
    created = recordings["POST"]
    created.entry_id = json.loads(created.response_body)["id"]
    created.position = next(p["position"] for text, p in created.statements if text.startswith("UPDATE accounts"))
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        file.write(pickle.dumps(recordings))
        file.flush()
        yield requests, Path(file.name)


def _record(server: Server, bytes_sent: bytes) -> Recording:
    """Record a request once it executes the same statements twice in a row: the worker may poll in between."""
    texts_before: list[str] = []
    while True:
        server.start_recording()
        response_body = _send(server.port, bytes_sent)
        statements, _ = server.stop_recording()
        texts = [text for text, _ in statements]
        if texts == texts_before:
            return Recording(statements, response_body)
        texts_before = texts


def _send(port: int, bytes_sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(bytes_sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response_body = response.read()
    if response.status >= 300:
        raise RuntimeError(f"the API answered {response.status}: {response_body!r}")
    return response_body


def _raise_counters(tx: Transaction) -> None:
    # So that an entry's id and an event's position can be distinguished from any other number in a statement.
    tx.execute(_RAISE_IDS, first=FIRST_ENTRY)
    tx.execute(_RAISE_POSITIONS, first=FIRST_POSITION)


_RAISE_IDS = Statement(
    text("UPDATE ids SET last_id = :first WHERE table_name = 'entries'"),
    text("SELECT setval('entries_ids', CAST(:first AS BIGINT))"),
)
_RAISE_POSITIONS = Statement(text("UPDATE accounts SET last_position = :first"))
