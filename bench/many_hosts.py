"""(h) 1,000 webhooks at 1,000 https hosts, cold and warm, compared with the same at one https host."""

from collections import defaultdict

from bench.databases import KINDS, Databases
from bench.engines import Engine, Figures, print_figures, running_engine
from bench.host_names import Authority
from bench.receivers import Receiver
from bench.tables import progress

WEBHOOKS, QUICK_WEBHOOKS = 1_000, 100
EVENTS_IN_A_ROW, EVENTS_ONE_BY_ONE = 10, 5
REPETITIONS = 5


def run(databases: Databases, *, quick: bool) -> None:
    """Measure all variants in alternation, and print the table."""
    webhooks = QUICK_WEBHOOKS if quick else WEBHOOKS
    authority = Authority(databases.folder)
    figures: dict[str, Figures] = defaultdict(Figures)
    for repetition in range(1 if quick else REPETITIONS):
        for kind in KINDS:
            for hosts in (1, webhooks):
                name = f"{hosts:,} https hosts, {kind}"
                progress(f"many_hosts: {name}, repetition {repetition + 1}")
                with Receiver(authority=authority) as receiver:
                    uris = receiver.uris(hosts) * (webhooks // hosts)
                    with running_engine(databases, kind, receiver, uris, authority.ca_file) as engine:
                        _measure(engine, name, figures)
    progress("")
    print_figures(f"(h) {webhooks:,} webhooks at https hosts", figures)


def _measure(engine: Engine, name: str, figures: dict[str, Figures]) -> None:
    engine.deliver(figures[f"{name}: first contact"], 1)
    engine.deliver(figures[f"{name}: {EVENTS_IN_A_ROW} payloads in a row each"], EVENTS_IN_A_ROW)
    engine.deliver(figures[f"{name}: one event after the other"], *[1] * EVENTS_ONE_BY_ONE)
