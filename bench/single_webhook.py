"""(j) One webhook, whose receiver answers at once or after 50 ms: no other lane shares its commits."""

from collections import defaultdict

from bench.databases import KINDS, Databases
from bench.engines import Figures, print_figures, running_engine
from bench.receivers import Receiver
from bench.tables import progress

# Milliseconds that the receiver takes, numbers of events, and of events with --quick.
CASES = ((0, 4_000, 500), (50, 100, 20))
REPETITIONS = 5


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all variants in alternation, and print the table."""
    figures: dict[str, Figures] = defaultdict(Figures)
    for repetition in range(1 if quick else REPETITIONS):
        for kind in KINDS:
            for milliseconds, events, quick_events in CASES:
                name = f"a receiver that takes {milliseconds} ms, {kind}"
                progress(f"single_webhook: {name}, repetition {repetition + 1}")
                with (
                    Receiver(milliseconds / 1000) as receiver,
                    running_engine(databases, kind, receiver, [receiver.uri]) as engine,
                ):
                    engine.deliver(figures[name], quick_events if quick else events)
    progress("")
    print_figures("(j) One webhook", figures)
