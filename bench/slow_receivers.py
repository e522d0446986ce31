"""(i) Webhooks whose receivers take 200 ms, each at a host of its own."""

from collections import defaultdict

from bench.databases import KINDS, Databases
from bench.engines import Figures, print_figures, running_engine
from bench.receivers import Receiver
from bench.tables import progress

# Numbers of webhooks and of events.
SIZES, QUICK_SIZES = ((1_000, 20), (10_000, 6)), ((100, 5),)
RESPONSE_SECONDS = 0.2
REPETITIONS = 5


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all variants in alternation, and print the table."""
    figures: dict[str, Figures] = defaultdict(Figures)
    for repetition in range(1 if quick else REPETITIONS):
        for kind in KINDS:
            for webhooks, events in QUICK_SIZES if quick else SIZES:
                name = f"{webhooks:,} webhooks, {kind}"
                progress(f"slow_receivers: {name}, repetition {repetition + 1}")
                with (
                    Receiver(RESPONSE_SECONDS) as receiver,
                    running_engine(databases, kind, receiver, receiver.uris(webhooks)) as engine,
                ):
                    engine.deliver(figures[name], events)
    progress("")
    print_figures(f"(i) Receivers that take {RESPONSE_SECONDS * 1000:.0f} ms", figures)
