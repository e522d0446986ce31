"""(p) Memory of a worker for each request in flight and for each idle connection, with and without TLS."""

from bench.databases import Databases
from bench.engines import Engine, running_engine
from bench.host_names import Authority
from bench.receivers import Receiver
from bench.tables import print_table, progress

WEBHOOKS, QUICK_WEBHOOKS = 1_500, 200
# Long enough that all requests are in flight at once, and less than the timeout of an attempt.
RESPONSE_SECONDS = 6


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, and print the table."""
    webhooks = QUICK_WEBHOOKS if quick else WEBHOOKS
    authority = Authority(databases.folder)
    rows = []
    for scheme, used in (("http", None), ("https", authority)):
        progress(f"connections: {scheme}")
        with (
            Receiver(RESPONSE_SECONDS, used) as receiver,
            running_engine(databases, "sqlite", receiver, receiver.uris(webhooks), authority.ca_file) as engine,
        ):
            rows.append((scheme, *_measure(engine)))
    progress("")
    print_table(
        f"(p) KiB for each of {webhooks:,} connections", ("", "with a request in flight", "idle, at most"), rows
    )


def _measure(engine: Engine) -> tuple[str, ...]:
    before = engine.worker.memory_bytes
    engine.receiver.expect(engine.webhooks_count)
    engine.record(1)
    engine.receiver.wait()
    in_flight = engine.worker.memory_bytes - before
    engine.wait_until_settled()
    # Memory that was freed since but not returned to the system counts as well.
    idle = engine.worker.memory_bytes - before
    return tuple(f"{memory / engine.webhooks_count / 1024:.1f}" for memory in (in_flight, idle))
