"""(b), (m) The latency from the commit of a change to its arrival at the receiver, compared with one fsync.

Changes are sent over HTTP at a steady rate, without waiting for responses that are late. The server takes the time of a
commit itself, right after the database has confirmed it. All processes use the same monotonic clock.
"""

import statistics
from dataclasses import dataclass, field

from bench.backlogs import add_webhooks, open_account
from bench.databases import KINDS, Databases
from bench.loads import LoadGenerator, request
from bench.machine import fsync_seconds
from bench.receivers import Receiver
from bench.server_under_test import Server
from bench.subprocesses import BenchmarkFailed
from bench.tables import format_spread, percentile, print_table, progress
from hourhook.store.urls import open_database

# Events per second, and connections.
LOADS = ((50, 16), (200, 16), (200, 64))
WEBHOOKS = 1
SECONDS, QUICK_SECONDS = 20, 4
WARM_UP = 100
FSYNCS = 100
REPETITIONS = 5


@dataclass
class Figures:
    """The latencies at one rate, in milliseconds; a value for each repetition."""

    shares: dict[float, list[float]] = field(default_factory=lambda: {0.5: [], 0.95: [], 0.99: []})
    fsync: list[float] = field(default_factory=list)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all variants in alternation, and print the table."""
    figures = {(kind, *load): Figures() for kind in KINDS for load in LOADS}
    repetitions = 1 if quick else REPETITIONS
    with Receiver() as receiver:
        for repetition in range(repetitions):
            for (kind, rate, connections), found in figures.items():
                progress(f"latency: {kind}, {rate} events/s, {connections} connections, {repetition + 1}")
                found.fsync.append(statistics.median(fsync_seconds(FSYNCS)) * 1e3)
                count = rate * (QUICK_SECONDS if quick else SECONDS)
                latencies = measure(databases, kind, receiver, rate, count, connections)
                for share, values in found.shares.items():
                    values.append(percentile(latencies, share) * 1e3)
    progress("")
    rows = [
        (
            f"{rate} events/s, {connections} connections, {kind}",
            *(format_spread(values, ".1f") for values in found.shares.values()),
            format_spread(found.fsync, ".2f"),
        )
        for (kind, rate, connections), found in figures.items()
    ]
    print_table("(b), (m) Milliseconds from commit to arrival", ("", "p50", "p95", "p99", "one fsync"), rows)


def measure(
    databases: Databases, kind: str, receiver: Receiver, rate: int, count: int, connections: int
) -> list[float]:
    """Make ``count`` changes, ``rate`` per second; return the seconds from each commit to each arrival."""
    with databases.fresh(kind) as url:
        database = open_database(url)
        account = open_account(database)
        add_webhooks(database, account.account_id, [receiver.uri] * WEBHOOKS)
        database.close()
        entry = {"date": "2024-05-21", "minutes": 45, "description": "Work on the design of the API"}
        requests = [request("POST", "/v2/entries", account.token, entry)]
        with Server(url, is_watched=True) as server, LoadGenerator(server.port) as load:
            receiver.expect(WARM_UP * WEBHOOKS)
            load.send(requests, WARM_UP, rate=rate, connections=connections)
            receiver.wait()
            server.start_recording()
            receiver.start_recording()
            receiver.expect(count * WEBHOOKS)
            load.send(requests, count, rate=rate, connections=connections)
            receiver.wait()
            # In the order of the sequences, since the commits of an account are serialized.
            commits = sorted(server.stop_recording()[1])
        if len(commits) != count:
            raise BenchmarkFailed(f"{count} changes were made, but {len(commits)} commits recorded")
        arrivals = receiver.stop_recording()
        return [(arrived_at - commits[sequence - WARM_UP - 1]) / 1e9 for arrived_at, _, sequence in arrivals]
