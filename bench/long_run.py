"""(a) Deliveries per second at the beginning and at the end of a long backlog: what grows with a run would show."""

from dataclasses import dataclass, field

from bench.databases import KINDS, Databases
from bench.deliveries import fill
from bench.receivers import Receiver
from bench.server_under_test import Worker
from bench.tables import format_spread, print_table, progress

WEBHOOKS = 100
COUNT, QUICK = 500_000, 5_000
REPETITIONS = 5


@dataclass
class Figures:
    """Deliveries per second of the first and of the last tenth; a value for each repetition."""

    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)


def run(databases: Databases, *, quick: bool) -> None:
    """Measure both databases in alternation, and print the table."""
    figures = {kind: Figures() for kind in KINDS}
    repetitions = 1 if quick else REPETITIONS
    count = QUICK if quick else COUNT
    for repetition in range(repetitions):
        for kind, found in figures.items():
            progress(f"long_run: {kind}, {repetition + 1} of {repetitions}")
            with Receiver() as receiver, databases.fresh(kind) as url:
                fill(url, receiver.uri, WEBHOOKS, count // WEBHOOKS)
                receiver.expect(count)
                with Worker(url):
                    tenths = receiver.wait_for_tenths()
            found.first.append(count / 10 / tenths[0])
            found.last.append(count / 10 / tenths[-1])
    progress("")
    print_table(
        f"(a) Deliveries per second within {count:,}",
        ("", "first tenth", "last tenth", "ratio"),
        [
            (
                kind,
                format_spread(found.first),
                format_spread(found.last),
                format_spread([last / first for first, last in zip(found.first, found.last, strict=True)], ".2f"),
            )
            for kind, found in figures.items()
        ],
    )
