"""(e) What one more webhook that listens adds to a write: an entry is created beside 0, 1, 10, 100 and 1,000 of them.

The write is the domain's own, commit included, without HTTP around it. Before each the webhooks' lanes are brought to
rest, as those of webhooks that keep up are, so that each write wakes every one of them. Measured with webhooks that are
new, and with some that have heard much already, whose payloads fill pages: then a new one of each goes to another page.
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
# Payloads that each webhook has had.
HISTORIES = (0, 200)
REPETITIONS = 5
_URI = "http://127.0.0.1:9/hook"
_ENTRY = {"date": "2024-05-21", "minutes": 45, "description": "Work on the #design of the #api"}


@dataclass
class Figures:
    """What was measured on one database, a value for each repetition."""

    # Of a write, by number of webhooks.
    seconds: dict[int, list[float]] = field(default_factory=lambda: {count: [] for count in WEBHOOKS})

    @property
    def slopes(self) -> list[float]:
        """Seconds that a webhook adds: that of the line which fits best."""
        columns = zip(*(self.seconds[count] for count in WEBHOOKS), strict=True)
        return [statistics.linear_regression(WEBHOOKS, column).slope for column in columns]


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, interleaved, and print."""
    figures = {(kind, history): Figures() for kind in KINDS for history in HISTORIES}
    creates, repetitions = (QUICK, 1) if quick else (CREATES, REPETITIONS)
    for (kind, history), found in figures.items():
        progress(f"fanout: {kind}, {history} payloads each")
        with databases.fresh(kind) as url, on_core(MEASURED_CORE):
            database = open_database(url)
            writes = {count: _prepare(database, count, history) for count in WEBHOOKS}
            if kind == "postgresql":
                # As it does by itself within a minute; plans made while tables were empty would serve until then.
                database.run_now(_analyze)
            _measure(writes, WARM_UP)
            for _ in range(repetitions):
                for count, seconds in _measure(writes, creates).items():
                    found.seconds[count].append(seconds)
            database.close()
    progress("")
    _print(figures)


def _measure(writes: dict[int, Callable[[], float]], creates: int) -> dict[int, float]:
    # In turn, so that whatever else the machine does befalls all of them alike.
    seconds = dict.fromkeys(writes, 0.0)
    for _ in range(creates):
        for count, write in writes.items():
            seconds[count] += write()
    # The mean: every so often a write pays for what earlier ones put off, as a checkpoint.
    return {count: total / creates for count, total in seconds.items()}


def _prepare(database: Database, count: int, history: int) -> Callable[[], float]:
    """An account with webhooks; what creates an entry there and tells the seconds that took."""
    account = open_account(database, f"fanout-{count}")
    account_id = account.account_id
    if count:
        add_webhooks(database, account_id, count, _URI)
        record_events(database, account_id, history)
    caller = database.read_now(find_caller, account_id, account.user_id, Links("http://127.0.0.1:8080"))
    assert caller is not None

    def write() -> float:
        database.run_now(_bring_to_rest, account_id)
        began = time.perf_counter()
        database.write_now(account_id, _create, caller)
        return time.perf_counter() - began

    return write


def _create(tx: Transaction, caller: Caller) -> None:
    params, errors = inputs.parse(editing.NewEntry, _ENTRY, resource="Entry")
    editing.create(tx, caller, params, errors)


def _bring_to_rest(tx: Transaction, account_id: int) -> None:
    tx.execute(_REST, account=account_id)


def _analyze(tx: Transaction) -> None:
    tx.execute(_ANALYZE)


def _print(figures: dict[tuple[str, int], Figures]) -> None:
    rows = [
        (
            f"{kind}, {history:,} payloads each before",
            *(f"{statistics.median(found.seconds[count]) * 1e6:,.0f}" for count in WEBHOOKS),
            format_spread([slope * 1e6 for slope in found.slopes], ".1f"),
        )
        for (kind, history), found in figures.items()
    ]
    heads = ("µs of a write beside", *(f"{count:,}" for count in WEBHOOKS), "µs for each webhook")
    print_table("(e) What webhooks add to a write", heads, rows)


_REST = Statement(text("UPDATE lanes SET head_sequence = last_sequence + 1, due_at = NULL WHERE account_id = :account"))
_ANALYZE = Statement(text("ANALYZE"))
