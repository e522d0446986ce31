"""(l) An API at its limit: changes accepted per second, and how many of them are delivered in the same seconds."""

import time
from dataclasses import dataclass, field

from bench.backlogs import add_webhooks, open_account
from bench.databases import KINDS, Databases
from bench.loads import LoadGenerator, request
from bench.receivers import Receiver
from bench.server_under_test import Server
from bench.tables import format_spread, print_table, progress
from hourhook.store.urls import open_database

CONNECTIONS = 16
COUNT, QUICK = 6_000, 500
WARM_UP = 200
REPETITIONS = 5


@dataclass
class Figures:
    """Changes accepted and payloads delivered per second, and microseconds of processor time for each change."""

    accepted: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    microseconds: list[float] = field(default_factory=list)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure both databases in alternation, and print the table."""
    figures = {kind: Figures() for kind in KINDS}
    repetitions = 1 if quick else REPETITIONS
    with Receiver() as receiver:
        for repetition in range(repetitions):
            for kind, found in figures.items():
                progress(f"saturated_api: {kind}, {repetition + 1} of {repetitions}")
                _measure(databases, kind, receiver, QUICK if quick else COUNT, found)
    progress("")
    print_table(
        f"(l) An API at its limit, {CONNECTIONS} clients, one webhook",
        ("", "accepted per second", "delivered per second meanwhile", "processor µs for each change"),
        [
            (kind, format_spread(found.accepted), format_spread(found.delivered), format_spread(found.microseconds))
            for kind, found in figures.items()
        ],
    )


def _measure(databases: Databases, kind: str, receiver: Receiver, count: int, figures: Figures) -> None:
    with databases.fresh(kind) as url:
        database = open_database(url)
        account = open_account(database)
        add_webhooks(database, account.account_id, [receiver.uri])
        database.close()
        entry = {"date": "2024-05-21", "minutes": 45, "description": "Work on the design of the API"}
        requests = [request("POST", "/v2/entries", account.token, entry)]
        with Server(url) as server, LoadGenerator(server.port) as load:
            receiver.expect(WARM_UP)
            load.send(requests, WARM_UP, connections=CONNECTIONS)
            receiver.wait()
            receiver.start_recording()
            receiver.expect(count)
            cpu_seconds_before = server.cpu_seconds
            result = load.send(requests, count, connections=CONNECTIONS)
            ended_at = time.monotonic_ns()
            cpu_seconds = server.cpu_seconds - cpu_seconds_before
            receiver.wait()
        delivered_count = sum(arrived_at <= ended_at for arrived_at, _, _ in receiver.stop_recording())
        figures.accepted.append(result.rate)
        figures.delivered.append(delivered_count / result.seconds)
        figures.microseconds.append(cpu_seconds / count * 1e6)
