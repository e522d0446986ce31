"""(a) Deliveries per second, durable and in order, compared with the HTTP client alone and with the receiver alone."""

from dataclasses import dataclass, field

from bench import clients
from bench.backlogs import add_webhooks, open_account, record_events, settings_for
from bench.databases import KINDS, Databases
from bench.receivers import Receiver
from bench.server_under_test import Worker
from bench.tables import format_spread, print_table, progress
from hourhook.delivery.worker.slots import LANE_SLOTS
from hourhook.store.urls import open_database

# Numbers of webhooks, of deliveries, and of deliveries with --quick.
SIZES = ((1, 4_000, 500), (100, 40_000, 8_000), (1_000, 40_000, 8_000))
REPETITIONS = 5


@dataclass
class Figures:
    """The figures for one number of webhooks, a value for each repetition."""

    maximum: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    baseline_seconds: list[float] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all variants in alternation, and print the table."""
    figures = {webhooks: Figures() for webhooks, _, _ in SIZES}
    repetitions = 1 if quick else REPETITIONS
    with Receiver() as receiver:
        for repetition in range(repetitions):
            for webhooks, count, quick_count in SIZES:
                progress(f"deliveries: {webhooks:,} webhooks, {repetition + 1} of {repetitions}")
                _measure(databases, receiver, webhooks, quick_count if quick else count, figures[webhooks])
    progress("")
    _print(figures)


def _measure(databases: Databases, receiver: Receiver, webhooks: int, count: int, figures: Figures) -> None:
    in_flight = min(webhooks, LANE_SLOTS.per_destination)
    figures.maximum.append(clients.measure("maximum", receiver, count, in_flight)[0])
    rate, seconds = clients.measure("baseline", receiver, count, in_flight)
    figures.baseline.append(rate)
    figures.baseline_seconds.append(seconds)
    for kind in KINDS:
        rate, seconds = deliver(databases, kind, receiver, webhooks, count)
        figures.rates[kind].append(rate)
        figures.seconds[kind].append(seconds)


def deliver(databases: Databases, kind: str, receiver: Receiver, webhooks: int, count: int) -> tuple[float, float]:
    """Deliver a backlog; return the payloads per second, and the worker's processor seconds for each."""
    with databases.fresh(kind) as url:
        fill(url, receiver.uri, webhooks, count // webhooks)
        receiver.expect(count)
        with Worker(url) as worker:
            cpu_seconds_before = worker.cpu_seconds
            seconds = receiver.wait()
            return (count - 1) / seconds, (worker.cpu_seconds - cpu_seconds_before) / count


def fill(url: str, uri: str, webhooks: int, events: int) -> None:
    """Create an account with webhooks and a backlog."""
    database = open_database(settings_for(url).database_url)
    account = open_account(database)
    add_webhooks(database, account.account_id, [uri] * webhooks)
    record_events(database, account.account_id, events)
    database.close()


def _print(figures: dict[int, Figures]) -> None:
    rows = []
    for webhooks, found in figures.items():
        for kind in KINDS:
            ratios = [rate / baseline for rate, baseline in zip(found.rates[kind], found.baseline, strict=True)]
            rows.append(
                (
                    f"{webhooks:,} webhooks, {kind}",
                    format_spread(found.rates[kind]),
                    format_spread(found.baseline),
                    format_spread(ratios, ".2f"),
                    format_spread(found.maximum),
                    f"{_microseconds(found.seconds[kind])} / {_microseconds(found.baseline_seconds)}",
                )
            )
    print_table(
        "(a) Deliveries per second, durable and in order",
        ("", "delivered", "client alone", "ratio", "receiver's maximum", "processor µs each / client alone"),
        rows,
    )


def _microseconds(seconds: list[float]) -> str:
    return format_spread([sorted(seconds)[len(seconds) // 2] * 1e6])
