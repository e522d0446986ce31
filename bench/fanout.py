"""(e) The time that each subscribed webhook adds to a write: creating an entry, with 0, 1, 10, 100 and 1,000 webhooks.

The write is that of the domain, including the commit, but without HTTP. Before each write all lanes are made idle, like
those of webhooks that keep up, so that each write wakes every lane. It is measured with new webhooks, and with webhooks
that have received many events: then the new payload of each webhook goes to a database page of its own.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text

from bench.backlogs import add_webhooks, open_account, record_events
from bench.databases import KINDS, Databases
from bench.subprocesses import MEASURED_CORE, on_core
from bench.tables import format_spread, print_table, progress
from hourhook.domain import inputs
from hourhook.domain.callers import Caller, find_caller
from hourhook.domain.entries import editing
from hourhook.domain.links import Links
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database

WEBHOOKS = (0, 1, 10, 100, 1_000)
CREATES, QUICK, WARM_UP = 100, 20, 10
# The earlier payloads of each webhook.
HISTORIES = (0, 200)
REPETITIONS = 5
_URI = "http://127.0.0.1:9/hook"
_ENTRY = {"date": "2024-05-21", "minutes": 45, "description": "Work on the #design of the #api"}


@dataclass
class Figures:
    """The figures of one database, a value for each repetition."""

    # Of a write, by the number of webhooks.
    seconds: dict[int, list[float]] = field(default_factory=lambda: {count: [] for count in WEBHOOKS})

    @property
    def slopes(self) -> list[float]:
        """The seconds that each webhook adds, by linear regression."""
        columns = zip(*(self.seconds[count] for count in WEBHOOKS), strict=True)
        return [statistics.linear_regression(WEBHOOKS, column).slope for column in columns]


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all numbers of webhooks in alternation, and print the table."""
    figures = {(kind, history): Figures() for kind in KINDS for history in HISTORIES}
    creates, repetitions = (QUICK, 1) if quick else (CREATES, REPETITIONS)
    for (kind, history), found in figures.items():
        progress(f"fanout: {kind}, {history} payloads each")
        with databases.fresh(kind) as url, on_core(MEASURED_CORE):
            database = open_database(url)
            writes = {count: _prepare(database, count, history) for count in WEBHOOKS}
            if kind == "postgresql":
                # Autovacuum does it within a minute; until then, plans for empty tables would be used.
                database.run_now(_analyze)
            _measure(writes, WARM_UP)
            for _ in range(repetitions):
                for count, seconds in _measure(writes, creates).items():
                    found.seconds[count].append(seconds)
            database.close()
    progress("")
    _print(figures)


def _measure(writes: dict[int, Callable[[], float]], creates: int) -> dict[int, float]:
    # In alternation, so that other load on the machine affects all of them alike.
    seconds = dict.fromkeys(writes, 0.0)
    for _ in range(creates):
        for count, write in writes.items():
            seconds[count] += write()
    # The mean, because a few writes pay for work that earlier ones deferred, such as a checkpoint.
    return {count: total / creates for count, total in seconds.items()}


def _prepare(database: Database, count: int, history: int) -> Callable[[], float]:
    """Create an account with webhooks; return a function that creates an entry and returns the seconds it took."""
    account = open_account(database, f"fanout-{count}")
    account_id = account.account_id
    if count:
        add_webhooks(database, account_id, [_URI] * count)
        record_events(database, account_id, history)
    caller = database.read_now(find_caller, account_id, account.user_id, Links("http://127.0.0.1:8080"))
    assert caller is not None

    def write() -> float:
        database.run_now(_make_idle, account_id)
        started_at = time.perf_counter()
        database.write_now(account_id, _create, caller)
        return time.perf_counter() - started_at

    return write


def _create(tx: Transaction, caller: Caller) -> None:
    params, errors = inputs.parse(editing.EntryCreate, _ENTRY, resource="Entry")
    editing.create(tx, caller, params, errors)


def _make_idle(tx: Transaction, account_id: int) -> None:
    tx.execute(_MAKE_IDLE, account=account_id)


def _analyze(tx: Transaction) -> None:
    tx.execute(_ANALYZE)


def _print(figures: dict[tuple[str, int], Figures]) -> None:
    rows = [
        (
            f"{kind}, after {history:,} payloads each",
            *(f"{statistics.median(found.seconds[count]) * 1e6:,.0f}" for count in WEBHOOKS),
            format_spread([slope * 1e6 for slope in found.slopes], ".1f"),
        )
        for (kind, history), found in figures.items()
    ]
    headings = ("µs of a write with webhooks:", *(f"{count:,}" for count in WEBHOOKS), "µs per webhook")
    print_table("(e) The time that webhooks add to a write", headings, rows)


_MAKE_IDLE = Statement(
    text("UPDATE lanes SET head_sequence = last_sequence + 1, due_at = NULL WHERE account_id = :account")
)
_ANALYZE = Statement(text("ANALYZE"))
