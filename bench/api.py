"""(c) Requests per second of the API, beside a bare handler that executes the same statements on the plain driver."""

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
    """What was measured of a server: requests a second, and processor seconds of its process for each."""

    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def note(self, server: Server | Baseline, request: bytes, count: int) -> None:
        """Measure once."""
        with LoadGenerator(server.port) as load:
            load.send([request], count // 10)
            began = server.cpu_seconds
            self.rates.append(load.send([request], count).rate)
            self.seconds.append((server.cpu_seconds - began) / count)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, interleaved, and print."""
    found = {
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
            format_spread([rate / least for rate, least in zip(api.rates, baseline.rates, strict=True)], ".2f"),
            f"{statistics.median(api.seconds) * 1e6:,.0f} / {statistics.median(baseline.seconds) * 1e6:,.0f}",
        )
        for (kind, method), (api, baseline) in found.items()
    ]
    heads = ("", "API", "bare handler", "ratio", "processor µs each / bare handler's")
    print_table("(c) Requests per second", heads, rows)


def _measure(databases: Databases, kind: str, method: str, count: int, repetitions: int) -> tuple[Rates, Rates]:
    api, baseline = Rates(), Rates()
    # A database for each kind of request, so that what is listed does not grow with what is created.
    with databases.fresh(kind) as url, recorded(url) as (requests, recordings):
        for repetition in range(repetitions):
            progress(f"api: {ACTIONS[method]}, {kind}, {repetition + 1} of {repetitions}")
            with Server(url) as server:
                api.note(server, requests[method], count)
            with Baseline(url, recordings) as bare:
                baseline.note(bare, requests[method], count)
    return api, baseline


def requests_of(token: str, project_id: int) -> dict[str, bytes]:
    """One request of each kind."""
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
    """An account with entries; the requests to make, and the file with what each of them comes to."""
    database = open_database(url)
    account = open_account(database)
    database.run_now(_begin_high)
    database.close()
    with Server(url, is_watched=True) as server, LoadGenerator(server.port) as load:
        project = json.loads(_ask(server.port, request("POST", "/v2/projects", account.token, {"name": "Orchard"})))
        requests = requests_of(account.token, project["id"])
        load.send([requests["POST"]], ENTRIES)
        recordings = {}
        for method, bytes_sent in requests.items():
            # Until what is kept between requests is kept.
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
    """What a request comes to, once it has come to the same twice: the worker may have looked for work in between."""
    earlier: list[str] = []
    while True:
        server.start_recording()
        response_body = _ask(server.port, bytes_sent)
        statements, _ = server.stop_recording()
        texts = [text for text, _ in statements]
        if texts == earlier:
            return Recording(statements, response_body)
        earlier = texts


def _ask(port: int, bytes_sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(bytes_sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        response_body = response.read()
    if response.status >= 300:
        raise RuntimeError(f"the API answered {response.status}: {response_body!r}")
    return response_body


def _begin_high(tx: Transaction) -> None:
    tx.execute(_MOVE_IDS, first=FIRST_ENTRY)
    tx.execute(_MOVE_LOG, first=FIRST_POSITION)


_MOVE_IDS = Statement(
    text("UPDATE ids SET last_id = :first WHERE table_name = 'entries'"),
    text("SELECT setval('entries_ids', CAST(:first AS BIGINT))"),
)
_MOVE_LOG = Statement(text("UPDATE accounts SET last_position = :first"))
