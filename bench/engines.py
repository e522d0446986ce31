"""A worker that delivers while events are recorded beside it, as in life.

It finds the first of them when it polls, so the time counts from the first arrival to the last. Its connections stay
warm from one group of events to the next.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from bench.backlogs import add_webhooks, open_account, record_events
from bench.databases import Databases
from bench.receivers import Receiver
from bench.server_under_test import Worker
from bench.tables import format_spread, print_table
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.urls import open_database

MEBIBYTE = 2**20
_POLL_SECONDS = 0.1


@dataclass
class Figures:
    """Deliveries per second, microseconds of processor time of each, and peak memory; a value for each repetition."""

    rates: list[float] = field(default_factory=list)
    microseconds: list[float] = field(default_factory=list)
    mebibytes: list[float] = field(default_factory=list)


@dataclass
class Engine:
    """A worker, and the database with the webhooks that it delivers to."""

    database: Database
    account_id: int
    webhooks_count: int
    worker: Worker
    receiver: Receiver

    def deliver(self, figures: Figures, *events_counts: int) -> None:
        """Record groups of events, each once the last has arrived everywhere; add what was measured to the figures."""
        seconds, cpu_seconds_before = 0.0, self.worker.cpu_seconds
        for events_count in events_counts:
            self.receiver.expect(events_count * self.webhooks_count)
            self.record(events_count)
            seconds += self.receiver.wait()
        self.wait_until_settled()
        count = sum(events_counts) * self.webhooks_count
        figures.rates.append(count / seconds)
        figures.microseconds.append((self.worker.cpu_seconds - cpu_seconds_before) / count * 1e6)
        figures.mebibytes.append(self.worker.peak_memory_bytes / MEBIBYTE)

    def record(self, events_count: int) -> None:
        record_events(self.database, self.account_id, events_count)

    def wait_until_settled(self) -> None:
        """Wait until nothing is in flight."""
        while self.database.read_now(lambda tx: tx.value(_QUEUED)):
            time.sleep(_POLL_SECONDS)


@contextmanager
def running_engine(
    databases: Databases,
    kind: str,
    receiver: Receiver,
    uris: Sequence[str],
    ca_file: Path | None = None,
    *,
    batch_limit: int = 1,
) -> Iterator[Engine]:
    """Run a worker with a webhook for each URI of the receiver."""
    with databases.fresh(kind) as url:
        database = open_database(url)
        account_id = open_account(database).account_id
        add_webhooks(database, account_id, uris, batch_limit)
        with Worker(url, ca_file=ca_file and str(ca_file)) as worker:
            yield Engine(database, account_id, len(uris), worker, receiver)
        database.close()


def print_figures(title: str, figures: dict[str, Figures]) -> None:
    """Print a table with a row for each name."""
    print_table(
        title,
        ("", "deliveries per second", "processor µs each", "peak memory MiB"),
        [
            (name, format_spread(found.rates), format_spread(found.microseconds), format_spread(found.mebibytes))
            for name, found in figures.items()
        ],
    )


_QUEUED = Statement(text("SELECT webhook_id FROM lanes WHERE head_sequence <= last_sequence LIMIT 1"))
