"""(d) Memory and processor use of an idle server, and memory with a backlog that waits or is being delivered."""

import time
from dataclasses import dataclass
from functools import partial

from sqlalchemy import text

from bench.backlogs import add_webhooks, open_account, record_events
from bench.databases import KINDS, Databases
from bench.receivers import Receiver
from bench.server_under_test import Server
from bench.tables import print_table, progress
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database

SETTLE_SECONDS = 5
# Maintenance runs once a minute.
IDLE_SECONDS, QUICK_SECONDS = 60, 5
MEBIBYTE = 2**20
Row = tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """Numbers of webhooks and payloads."""

    idle_webhooks: int
    # Backlogs of this many webhooks: one is delivered completely while memory is measured, the other is far larger.
    webhooks: int
    delivered: int
    waiting: int


FULL = Size(10_000, 100, 40_000, 1_000_000)
QUICK = Size(1_000, 100, 5_000, 50_000)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, and print the tables."""
    size, seconds = (QUICK, QUICK_SECONDS) if quick else (FULL, IDLE_SECONDS)
    idle: list[Row] = []
    busy: list[Row] = []
    with Receiver() as receiver:
        backlog = partial(_fill, uri=receiver.uri, webhooks=size.webhooks)
        for kind in KINDS:
            with databases.fresh(kind) as url:
                _fill(url, 0, uri=receiver.uri, webhooks=0)
                idle.append(_measure_idle(f"no webhook, {kind}", url, seconds))
            with databases.fresh(kind) as url:
                _fill(url, 0, uri=receiver.uri, webhooks=size.idle_webhooks)
                idle.append(_measure_idle(f"{size.idle_webhooks:,} idle webhooks, {kind}", url, seconds))
            with databases.fresh(kind) as url:
                backlog(url, size.delivered)
                busy.append(_measure_delivery(f"of {size.delivered:,}, {kind}", url, receiver, size.delivered))
            with databases.fresh(kind) as url:
                backlog(url, size.waiting)
                _postpone(url, hours=24)
                idle.append(_measure_idle(f"{size.waiting:,} payloads due later, {kind}", url, seconds))
                _postpone(url, hours=0)
                busy.append(_measure_delivery(f"of {size.waiting:,}, {kind}", url, receiver, size.delivered))
    progress("")
    print_table(
        "(d) An idle server, with a worker in it",
        ("", "memory MiB", "processor %", "statements per second"),
        idle,
    )
    print_table(f"(d) A server that delivers {size.delivered:,} payloads of a backlog", ("", "peak memory MiB"), busy)


def _measure_idle(name: str, url: str, seconds: int) -> Row:
    """Return memory, share of a core and statements per second."""
    progress(f"idle: {name}")
    with Server(url, is_watched=True) as server:
        time.sleep(SETTLE_SECONDS)
        statements, cpu_seconds, started_at = server.count(), server.cpu_seconds, time.monotonic()
        time.sleep(seconds)
        # Asking for the count uses processor time of the server, so it comes last.
        elapsed, cpu_seconds = time.monotonic() - started_at, server.cpu_seconds - cpu_seconds
        return (
            name,
            f"{server.memory_bytes / MEBIBYTE:,.0f}",
            f"{cpu_seconds / elapsed * 100:.2f}",
            f"{(server.count() - statements) / elapsed:.1f}",
        )


def _measure_delivery(name: str, url: str, receiver: Receiver, count: int) -> Row:
    """Return the peak memory until ``count`` payloads have arrived."""
    progress(f"idle: delivering {count:,} {name}")
    receiver.expect(count)
    with Server(url) as server:
        receiver.wait()
        return name, f"{server.peak_memory_bytes / MEBIBYTE:,.0f}"


def _fill(url: str, payloads: int, *, uri: str, webhooks: int) -> None:
    """Create an account with webhooks and a backlog of ``payloads``; each event is a payload for each webhook."""
    progress(f"idle: filling with {webhooks:,} webhooks and {payloads:,} payloads")
    database = open_database(url)
    account = open_account(database)
    if webhooks:
        add_webhooks(database, account.account_id, [uri] * webhooks)
        record_events(database, account.account_id, payloads // webhooks)
    database.close()


def _postpone(url: str, *, hours: int) -> None:
    def postpone(tx: Transaction) -> None:
        tx.execute(_POSTPONE, due_at=tx.event_time + hours * 3_600_000_000)

    database = open_database(url)
    database.run_now(postpone)
    database.close()


_POSTPONE = Statement(text("UPDATE lanes SET due_at = :due_at WHERE last_sequence >= head_sequence"))
