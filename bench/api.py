"""(c) Requests per second of the API, beside a bare handler that executes the same statements on the plain driver."""

import http.client
import json
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.backlogs import open_account
from bench.databases import KINDS, Databases
from bench.floors import FIRST_ENTRY, FIRST_POSITION, Floor, Recording
from bench.loads import Load, request
from bench.measured import Server
from bench.tables import print_table, progress, spread
from hourhook.store.opening import open_database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

CREATES, LISTS, QUICK = 3_000, 3_000, 400
REPETITIONS = 5
ENTRIES = 1_000
ACTIONS = {"POST": "creating an entry", "GET": "listing 30 entries"}


@dataclass
class Rates:
    """Requests a second, of the API and of its floor."""

    api: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, interleaved, and print."""
    rates = {(kind, method): Rates() for kind in KINDS for method in ACTIONS}
    counts = {"POST": QUICK if quick else CREATES, "GET": QUICK if quick else LISTS}
    repetitions = 1 if quick else REPETITIONS
    for kind in KINDS:
        with databases.fresh(kind) as url, recorded(url) as (token, project_id, recordings):
            requests = requests_of(token, project_id)
            for repetition in range(repetitions):
                progress(f"api: {kind}, {repetition + 1} of {repetitions}")
                for method, count in counts.items():
                    with Server(url) as server:
                        rates[kind, method].api.append(_measure(server.port, requests[method], count))
                    with Floor(url, recordings) as floor:
                        rates[kind, method].floor.append(_measure(floor.port, requests[method], count))
    progress("")
    rows = [
        (
            f"{ACTIONS[method]}, {kind}",
            spread(found.api),
            spread(found.floor),
            spread([api / floor for api, floor in zip(found.api, found.floor, strict=True)], ".2f"),
        )
        for (kind, method), found in rates.items()
    ]
    print_table("(c) Requests per second", ("", "API", "bare handler", "ratio"), rows)


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
def recorded(url: str) -> Iterator[tuple[str, int, Path]]:
    """An account with entries; its token, a project of its, and the file with what requests come to."""
    database = open_database(url)
    account = open_account(database)
    database.run_now(_begin_high)
    database.close()
    with ExitStack() as stack:
        server = stack.enter_context(Server(url, is_watched=True))
        project_id = json.loads(_ask(server.port, "POST", "/v2/projects", account.token, {"name": "Orchard"}))["id"]
        requests = requests_of(account.token, project_id)
        load = stack.enter_context(Load(server.port))
        load.send([requests["POST"]], ENTRIES)
        recordings = {}
        for method, bytes_sent in requests.items():
            # Until what is kept between requests is kept.
            load.send([bytes_sent], 20)
            path, _, body = bytes_sent.decode().partition(" ")[2].partition(" ")
            content = json.loads(body.partition("\r\n\r\n")[2] or "null")
            server.keep()
            answer = _ask(server.port, method, path, account.token, content)
            statements, _ = server.take()
            recordings[method] = Recording(statements, answer)
        created = recordings["POST"]
        created.entry_id = json.loads(created.answer)["id"]
        created.position = next(p["position"] for text, p in created.statements if text.startswith("UPDATE accounts"))
        file = stack.enter_context(tempfile.NamedTemporaryFile(suffix=".pickle"))
        file.write(pickle.dumps(recordings))
        file.flush()
        server.end()
        yield account.token, project_id, Path(file.name)


def _measure(port: int, request: bytes, count: int) -> float:
    with Load(port) as load:
        load.send([request], count // 10)
        return load.send([request], count).rate


def _ask(port: int, method: str, path: str, token: str, body: Any = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"X-NokoToken": token, "User-Agent": "bench", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path} answered {response.status}: {answer!r}")
    return answer


def _begin_high(tx: Transaction) -> None:
    tx.run(_MOVE_IDS, first=FIRST_ENTRY)
    tx.run(_MOVE_LOG, first=FIRST_POSITION)


_MOVE_IDS = Statement(
    text("UPDATE ids SET last_id = :first WHERE table_name = 'entries'"),
    text("SELECT setval('entries_ids', CAST(:first AS BIGINT))"),
)
_MOVE_LOG = Statement(text("UPDATE accounts SET last_position = :first"))
