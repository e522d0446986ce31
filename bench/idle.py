"""(d) What a server takes while nothing happens, and what a backlog adds to its memory, waiting and being delivered."""

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
# A round of housekeeping is a minute.
IDLE_SECONDS, QUICK_SECONDS = 60, 5
MEBIBYTE = 2**20
Row = tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    idle_webhooks: int
    # Backlogs, all of them of ``webhooks``: as much as is delivered while memory is watched, and far more.
    webhooks: int
    delivered: int
    waiting: int


FULL = Size(10_000, 100, 40_000, 1_000_000)
QUICK = Size(1_000, 100, 5_000, 50_000)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure and print."""
    size, seconds = (QUICK, QUICK_SECONDS) if quick else (FULL, IDLE_SECONDS)
    idle: list[Row] = []
    busy: list[Row] = []
    with Receiver() as receiver:
        backlog = partial(_fill, uri=receiver.uri, webhooks=size.webhooks)
        for kind in KINDS:
            with databases.fresh(kind) as url:
                _fill(url, 0, uri=receiver.uri, webhooks=0)
                idle.append(_rest(f"no webhook, {kind}", url, seconds))
            with databases.fresh(kind) as url:
                _fill(url, 0, uri=receiver.uri, webhooks=size.idle_webhooks)
                idle.append(_rest(f"{size.idle_webhooks:,} idle webhooks, {kind}", url, seconds))
            with databases.fresh(kind) as url:
                backlog(url, size.delivered)
                busy.append(_deliver(f"of {size.delivered:,}, {kind}", url, receiver, size.delivered))
            with databases.fresh(kind) as url:
                backlog(url, size.waiting)
                _put_off(url, hours=24)
                idle.append(_rest(f"{size.waiting:,} payloads due later, {kind}", url, seconds))
                _put_off(url, hours=0)
                busy.append(_deliver(f"of {size.waiting:,}, {kind}", url, receiver, size.delivered))
    progress("")
    print_table(
        "(d) A server at rest, with a worker in it",
        ("", "memory MiB", "processor %", "statements a second"),
        idle,
    )
    print_table(f"(d) A server that delivers {size.delivered:,} payloads of a backlog", ("", "most memory MiB"), busy)


def _rest(name: str, url: str, seconds: int) -> Row:
    """Memory, share of a core and statements a second."""
    progress(f"idle: {name}")
    with Server(url, is_watched=True) as server:
        time.sleep(SETTLE_SECONDS)
        statements, used, began = server.count(), server.cpu_seconds, time.monotonic()
        time.sleep(seconds)
        # Asking costs a little as well, so it comes last.
        passed, used = time.monotonic() - began, server.cpu_seconds - used
        return (
            name,
            f"{server.memory_bytes / MEBIBYTE:,.0f}",
            f"{used / passed * 100:.2f}",
            f"{(server.count() - statements) / passed:.1f}",
        )


def _deliver(name: str, url: str, receiver: Receiver, count: int) -> Row:
    """The most memory until so many have arrived."""
    progress(f"idle: delivering {count:,} {name}")
    receiver.expect(count)
    with Server(url) as server:
        receiver.wait()
        return name, f"{server.peak_memory_bytes / MEBIBYTE:,.0f}"


def _fill(url: str, payloads: int, *, uri: str, webhooks: int) -> None:
    """An account with webhooks and a backlog of so many payloads, its events as many as each webhook hears."""
    progress(f"idle: filling with {webhooks:,} webhooks and {payloads:,} payloads")
    database = open_database(url)
    account = open_account(database)
    if webhooks:
        add_webhooks(database, account.account_id, webhooks, uri)
        record_events(database, account.account_id, payloads // webhooks)
    database.close()


def _put_off(url: str, *, hours: int) -> None:
    def put_off(tx: Transaction) -> None:
        tx.execute(_PUT_OFF, due_at=tx.event_time + hours * 3_600_000_000)

    database = open_database(url)
    database.run_now(put_off)
    database.close()


_PUT_OFF = Statement(text("UPDATE lanes SET due_at = :due_at WHERE last_sequence >= head_sequence"))
