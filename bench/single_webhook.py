"""(j) One webhook, whose receiver answers at once or after 50 ms, without and with batches.

No other lane shares its commits.
"""

from collections import defaultdict

from bench.databases import KINDS, Databases
from bench.engines import Figures, print_figures, running_engine
from bench.receivers import Receiver
from bench.tables import progress

# Milliseconds that the receiver takes, payloads in a request, numbers of events, and of events with --quick.
CASES = ((0, 1, 10_000, 500), (50, 1, 100, 20), (0, 100, 40_000, 2_000), (50, 100, 10_000, 1_000))
REPETITIONS = 5


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all variants in alternation, and print the table."""
    figures: dict[str, Figures] = defaultdict(Figures)
    for repetition in range(1 if quick else REPETITIONS):
        for kind in KINDS:
            for milliseconds, batch_limit, events, quick_events in CASES:
                name = f"{milliseconds} ms, {f'batches of {batch_limit}, ' * (batch_limit > 1)}{kind}"
                progress(f"single_webhook: {name}, repetition {repetition + 1}")
                with (
                    Receiver(milliseconds / 1000) as receiver,
                    running_engine(databases, kind, receiver, [receiver.uri], batch_limit=batch_limit) as engine,
                ):
                    # The first request of a lane has what was recorded until then.
                    engine.deliver(Figures(), batch_limit)
                    engine.deliver(figures[name], quick_events if quick else events)
    progress("")
    print_figures("(j) One webhook", figures)
