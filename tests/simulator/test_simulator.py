"""The delivery engine keeps every invariant on every seed.

By default 150 seeds run on SQLite, and a tenth of them on PostgreSQL: each mutant of ``test_mutants`` is found within
far fewer. ``HOURHOOK_TEST_SEEDS=0-999 ./bin/test tests/simulator`` or ``python -m tests.simulator`` run more.
"""

from collections.abc import Iterator

import pytest

from tests.simulator.runs import simulate
from tests.simulator.stores import PostgresStore, Store, postgres_store, sqlite_store
from tests.support.databases import PostgresServer
from tests.support.seeds import chosen_seeds

SQLITE_SEEDS = chosen_seeds("0-149")
# A seed takes ten times as long on PostgreSQL.
POSTGRESQL_SEEDS = SQLITE_SEEDS[: max(1, len(SQLITE_SEEDS) // 10)]
SQLITE_CHUNK = 50
POSTGRESQL_CHUNK = 5


@pytest.fixture(scope="module")
def on_sqlite() -> Iterator[Store]:
    with sqlite_store() as store:
        yield store


@pytest.fixture(scope="module")
def on_postgresql(_postgres_server: PostgresServer) -> Iterator[PostgresStore]:
    with postgres_store(_postgres_server) as store:
        yield store


@pytest.mark.parametrize("first", range(0, len(SQLITE_SEEDS), SQLITE_CHUNK))
def test_every_invariant_holds_on_sqlite(on_sqlite: Store, first: int) -> None:
    for seed in SQLITE_SEEDS[first : first + SQLITE_CHUNK]:
        simulate(on_sqlite, seed)


@pytest.mark.parametrize("first", range(0, len(POSTGRESQL_SEEDS), POSTGRESQL_CHUNK))
def test_every_invariant_holds_with_several_workers_on_postgresql(on_postgresql: PostgresStore, first: int) -> None:
    on_postgresql.vacuum()
    for seed in POSTGRESQL_SEEDS[first : first + POSTGRESQL_CHUNK]:
        simulate(on_postgresql, seed)


def test_a_seed_reproduces_its_run(on_sqlite: Store) -> None:
    assert [simulate(on_sqlite, seed) for seed in range(5)] == [simulate(on_sqlite, seed) for seed in range(5)]


def test_every_kind_of_failure_occurs_in_simulated_runs(on_sqlite: Store) -> None:
    reports = [simulate(on_sqlite, seed) for seed in range(100, 150)]
    totals = sum((report.counts for report in reports), start=type(reports[0].counts)())
    names = ("process_ends", "repeats", "one_offs", "lost", "faults", "batches", "paced", "past_events", "signed_twice")
    for name in (*names, "webhook.failing", "webhook.recovered", "webhook.disabled"):
        assert totals[name] > 0, name
    assert totals["settled"] > 1000
