"""The simulator finds each mutant within a few seeds, on every database where it can show."""

from collections.abc import Iterator

import pytest

from hourhook.delivery import event_log, lane_control, one_offs, retention
from hourhook.delivery.worker import (
    batches,
    cycles,
    leases,
    liveness,
    one_off_deliveries,
    readahead,
    settlements,
    worker,
)
from hourhook.store import database
from tests.simulator.invariants import InvariantViolation
from tests.simulator.mutants import MUTANTS
from tests.simulator.runs import simulate
from tests.simulator.stores import Store, postgres_store, sqlite_store

SEEDS = {"sqlite": 150, "postgresql": 100}
CASES = [(name, dialect) for name, (dialects, _) in MUTANTS.items() for dialect in dialects]
PRODUCTION = (
    *(
        one_offs,
        one_off_deliveries,
        retention,
        leases,
        liveness,
        event_log,
        readahead,
        settlements,
        lane_control,
        batches,
        cycles,
        worker,
        database,
    ),
    *(worker.Worker, database.Database),
)


@pytest.fixture(scope="module")
def stores(request: pytest.FixtureRequest) -> Iterator[dict[str, Store]]:
    with sqlite_store() as sqlite, postgres_store(request.getfixturevalue("_postgres_server")) as postgresql:
        yield {"sqlite": sqlite, "postgresql": postgresql}


@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_the_simulator_finds_the_mutant(stores: dict[str, Store], name: str, dialect: str) -> None:
    before = _production()
    _, mutant = MUTANTS[name]
    with mutant(), pytest.raises(InvariantViolation):
        _simulate_seeds(stores[dialect], SEEDS[dialect])
    assert _production() == before


def _simulate_seeds(store: Store, count: int) -> None:
    for seed in range(count):
        simulate(store, seed)


def _production() -> list[dict[str, int]]:
    return [{name: id(value) for name, value in vars(owner).items()} for owner in PRODUCTION]
