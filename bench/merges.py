"""(g) The cost of merging many entries: duration, memory of the server, and how long other requests wait.

A merge of projects moves entries; a merge of tags also rewrites their descriptions. Each is one request to a new
server, and one transaction. Webhooks subscribe to all events. Except where the delivery is measured, nothing is sent to
them, so that the memory is that of the merge.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from bench.backlogs import add_webhooks, open_account
from bench.databases import KINDS, Databases
from bench.receivers import Receiver
from bench.server_under_test import Server
from bench.tables import format_spread, print_table, progress
from hourhook.domain.accounts import CreatedAccount
from hourhook.domain.search_keys import search_key
from hourhook.store.database import Database
from hourhook.store.schema import entries, entry_tags
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database

RESOURCES = ("projects", "tags")
SIZES, QUICK_SIZES = (1_000, 10_000, 50_000), (200, 1_000)
WEBHOOKS = (0, 1, 3)
REPETITIONS = 3
WARM_UP = 50
MEBIBYTE = 2**20
_UNUSED_URI = "http://127.0.0.1:9/hook"
_TIMEOUT_SECONDS = 600
_TEXTS = ("Review of the #{}", "#{} with the harbour office, notes in the wiki", "Draft, then #{} and a call")


@dataclass
class Figures:
    """The figures of one merge, a value for each repetition."""

    seconds: list[float] = field(default_factory=list)
    # The peak memory of the server in MiB, and how much more that is than before the merge.
    peak: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """A merge to measure."""

    kind: str
    resource: str
    entries: int
    webhooks: int


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, and print the tables."""
    sizes, repetitions = (QUICK_SIZES, 1) if quick else (SIZES, REPETITIONS)
    middle = sizes[len(sizes) // 2]
    by_size = [Plan(kind, resource, size, 1) for kind in KINDS for resource in RESOURCES for size in sizes]
    by_webhooks = [
        Plan(kind, resource, middle, count) for kind in KINDS for resource in RESOURCES for count in WEBHOOKS
    ]
    figures = {plan: Figures() for plan in [*by_size, *by_webhooks]}
    for repetition in range(repetitions):
        for plan, found in figures.items():
            progress(f"merges: {plan}, {repetition + 1} of {repetitions}")
            _measure(databases, plan, found)
    waits = [_measure_waits(databases, Plan(kind, "tags", middle, 1)) for kind in KINDS]
    deliveries = [_deliver(databases, Plan(kind, "projects", middle, 1)) for kind in KINDS]
    progress("")
    headings = ("", "seconds", "peak memory MiB", "added by the merge MiB")
    print_table("(g) A merge with one webhook", headings, [_row(plan, figures[plan]) for plan in by_size])
    print_table(f"(g) A merge of {middle:,} entries", headings, [_row(plan, figures[plan]) for plan in by_webhooks])
    print_table(
        "(g) Requests of another account during a merge",
        (f"while {middle:,} entries get another tag", "merge, s", "longest read, ms", "longest write, s"),
        waits,
    )
    print_table(
        "(g) The delivery of all events to one webhook, in order",
        (f"events of {middle:,} moved entries", "until the response, s", "until the last arrival, s"),
        deliveries,
    )


def _row(plan: Plan, found: Figures) -> tuple[str, ...]:
    name = f"{plan.entries:,} entries, {plan.resource}, {plan.webhooks} webhooks, {plan.kind}"
    return name, format_spread(found.seconds, ".2f"), format_spread(found.peak), format_spread(found.added)


def _measure(databases: Databases, plan: Plan, found: Figures) -> None:
    with databases.fresh(plan.kind) as url:
        account, merge = _prepare(url, plan, _UNUSED_URI, is_stalled=True)
        with Server(url) as server:
            client = Client(server.port, account.token)
            memory_before = _warm_up(server, client, plan)
            started_at = time.perf_counter()
            merge(client)
            found.seconds.append(time.perf_counter() - started_at)
            found.peak.append(server.peak_memory_bytes / MEBIBYTE)
            found.added.append((server.peak_memory_bytes - memory_before) / MEBIBYTE)


def _measure_waits(databases: Databases, plan: Plan) -> tuple[str, ...]:
    """Return the duration of a merge, and of the longest read and write of another account meanwhile."""
    with databases.fresh(plan.kind) as url:
        account, merge = _prepare(url, plan, _UNUSED_URI, is_stalled=True)
        database = open_database(url)
        other = open_account(database, "other")
        database.close()
        with Server(url) as server:
            client = Client(server.port, account.token)
            _warm_up(server, client, plan)
            reads, writes = Client(server.port, other.token), Client(server.port, other.token)
            with (
                _repeated(lambda: reads.send("GET", "/v2/entries")) as read_seconds,
                _repeated(lambda: writes.send("POST", "/v2/entries", _ENTRY)) as write_seconds,
            ):
                started_at = time.perf_counter()
                merge(client)
                merge_seconds = time.perf_counter() - started_at
    return plan.kind, f"{merge_seconds:.2f}", f"{max(read_seconds) * 1000:.0f}", f"{max(write_seconds):.2f}"


def _deliver(databases: Databases, plan: Plan) -> tuple[str, ...]:
    with databases.fresh(plan.kind) as url, Receiver() as receiver:
        account, merge = _prepare(url, plan, receiver.uri, is_stalled=False)
        with Server(url) as server:
            client = Client(server.port, account.token)
            # One for each entry, one for the target, and two for the merged project.
            receiver.expect(plan.entries + 3)
            receiver.start_recording()
            started_at = time.perf_counter()
            merge(client)
            response_seconds = time.perf_counter() - started_at
            receiver.wait()
            arrival_seconds = time.perf_counter() - started_at
            sequences = [sequence for _, _, sequence in receiver.stop_recording()]
            assert sequences == [*range(1, plan.entries + 4)], "events arrived out of order"
    return plan.kind, f"{response_seconds:.2f}", f"{arrival_seconds:.2f}"


class Client:
    """A connection to the API."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"X-NokoToken": token, "User-Agent": "bench", "Content-Type": "application/json"}

    def send(self, method: str, path: str, content: object = None) -> Any:
        """Send a request; return the parsed body of the response. Raises ``RuntimeError`` unless it succeeds."""
        body = None if content is None else json.dumps(content)
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        response_body = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} returned {response.status}: {response_body!r}")
        return json.loads(response_body or b"null")


def _warm_up(server: Server, client: Client, plan: Plan) -> int:
    """Merge a few entries, so that caches are filled; return the memory of the server after that."""
    names = ("Warm target", "Warm source")
    if plan.resource == "projects":
        ids = [client.send("POST", "/v2/projects", {"name": name})["id"] for name in names]
        content: dict[str, Any] = {"project_id": ids[1], "description": "Work"}
    else:
        tags = client.send("POST", "/v2/tags", {"names": ["warm-target", "warm-source"]})
        ids = [tag["id"] for tag in tags]
        content = {"description": "#warm-source"}
    for _ in range(WARM_UP):
        client.send("POST", "/v2/entries", {**_ENTRY, **content})
    _merge(client, plan.resource, *ids)
    return server.memory_bytes


def _merge(client: Client, resource: str, target_id: int, source_id: int) -> None:
    client.send("PUT", f"/v2/{resource}/{target_id}/merge", {f"{resource.removesuffix('s')}_id": source_id})


def _prepare(url: str, plan: Plan, uri: str, *, is_stalled: bool) -> tuple[CreatedAccount, Callable[[Client], None]]:
    """Create an account with entries and webhooks; return it with a function that merges the entries."""
    database = open_database(url)
    account = open_account(database)
    with Server(url) as server:
        client = Client(server.port, account.token)
        projects = [client.send("POST", "/v2/projects", {"name": name})["id"] for name in ("Target", "Source")]
        tags = [tag["id"] for tag in client.send("POST", "/v2/tags", {"names": ["target", "source"]})]
    _fill(database, account, plan.entries, projects[1], tags[1])
    if plan.webhooks:
        add_webhooks(database, account.account_id, [uri] * plan.webhooks)
    if is_stalled:
        database.run_now(lambda tx: tx.execute(_STALL))
    if plan.kind == "postgresql":
        # Autovacuum does it within a minute.
        database.run_now(lambda tx: tx.execute(_ANALYZE))
    database.close()
    ids = projects if plan.resource == "projects" else tags
    return account, lambda client: _merge(client, plan.resource, *ids)


def _fill(database: Database, account: CreatedAccount, count: int, project_id: int, tag_id: int) -> None:
    texts = [text.format("source") for text in _TEXTS]

    def fill(tx: Transaction, count: int) -> None:
        ids = [*tx.next_ids(entries, count)]
        names = ("account_id", "id", "date", "user_id", "project_id", "minutes", "description", "description_key")
        rows = []
        for id in ids:
            description = texts[id % len(texts)]
            date = f"2024-{id % 12 + 1:02}-{id % 28 + 1:02}"
            values = (
                account.user_id,
                project_id,
                45,
                description,
                search_key(description),
                tx.event_time,
                tx.event_time,
            )
            rows.append((account.account_id, id, date, *values))
        tx.insert_many(entries, (*names, "created_at", "updated_at"), rows)
        columns = ("account_id", "entry_id", "tag_id", "place")
        tx.insert_many(entry_tags, columns, [(account.account_id, id, tag_id, 0) for id in ids])

    for start in range(0, count, 5_000):
        database.write_now(account.account_id, fill, min(5_000, count - start))


@contextmanager
def _repeated(action: Callable[[], object]) -> Iterator[list[float]]:
    """Repeat an action in a thread until the context is left; yield the list of its durations in seconds."""
    seconds: list[float] = []
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.wait(0.005):
            started_at = time.perf_counter()
            action()
            seconds.append(time.perf_counter() - started_at)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield seconds
    finally:
        stopping.set()
        thread.join()


_ENTRY = {"date": "2024-05-21", "minutes": 45, "description": "Work"}
_STALL = Statement(text("UPDATE lanes SET stalled = TRUE"))
_ANALYZE = Statement(text("ANALYZE"))
