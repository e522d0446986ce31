"""The promises hold on every seed; more of them by hand: ``python -m tests.simulator``."""

from collections.abc import Iterator

import pytest

from tests.simulator.runs import simulate
from tests.simulator.stores import PostgresStore, Store, postgres_store, sqlite_store
from tests.support.databases import PostgresServer

SQLITE_CHUNK = 50
POSTGRESQL_CHUNK = 10


@pytest.fixture(scope="module")
def on_sqlite() -> Iterator[Store]:
    with sqlite_store() as store:
        yield store


@pytest.fixture(scope="module")
def on_postgresql(_postgres_server: PostgresServer) -> Iterator[PostgresStore]:
    with postgres_store(_postgres_server) as store:
        yield store


@pytest.mark.parametrize("first", range(0, 1000, SQLITE_CHUNK))
def test_every_promise_holds_on_sqlite(on_sqlite: Store, first: int) -> None:
    for seed in range(first, first + SQLITE_CHUNK):
        simulate(on_sqlite, seed)


@pytest.mark.parametrize("first", range(0, 100, POSTGRESQL_CHUNK))
def test_every_promise_holds_among_several_workers_on_postgresql(on_postgresql: PostgresStore, first: int) -> None:
    on_postgresql.vacuum()
    for seed in range(first, first + POSTGRESQL_CHUNK):
        simulate(on_postgresql, seed)


def test_a_seed_makes_the_same_run_again(on_sqlite: Store) -> None:
    assert [simulate(on_sqlite, seed) for seed in range(5)] == [simulate(on_sqlite, seed) for seed in range(5)]


def test_the_runs_are_eventful(on_sqlite: Store) -> None:
    """What is to be survived does happen: else the promises would be cheap."""
    reports = [simulate(on_sqlite, seed) for seed in range(100, 150)]
    happened = sum((report.counts for report in reports), start=type(reports[0].counts)())
    for what in ("deaths", "repeats", "errands", "lost", "faults"):
        assert happened[what] > 0, what
    assert happened["settled"] > 1000
