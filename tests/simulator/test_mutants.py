"""The simulator finds each mutant within a few seeds, on every database where it can show."""

from collections.abc import Iterator

import pytest

from hourhook.delivery import alerts, catching_up, envelope, event_log, lane_control, one_offs, retention
from hourhook.delivery.targets import Target
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
# A seed that found a mutant which few seeds find; if it no longer does, the others are tried.
FOUND_BY = {
    ("a request in flight whose lease is revoked does not count for the rate", "sqlite"): 40,
    ("a skip does not revoke the lease of the lane", "sqlite"): 12,
    ("deliveries that a clock ahead made due in the future are not brought forward", "sqlite"): 17,
    ("new subscriptions apply to a past that is not queued yet", "sqlite"): 39,
    ("one-off deliveries of a webhook do not wait for each other", "sqlite"): 15,
    ("time without a due attempt counts towards the retry window", "sqlite"): 157,
    ("deliveries that a clock ahead made due in the future are not brought forward", "postgresql"): 15,
    ("time without a due attempt counts towards the retry window", "postgresql"): 16,
}
CASES = [(name, dialect) for name, (dialects, _) in MUTANTS.items() for dialect in dialects]
PRODUCTION = (
    *(
        alerts,
        catching_up,
        envelope,
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
    *(worker.Worker, database.Database, settlements.AttemptResult, settlements.Settlement, Target),
)


@pytest.fixture(scope="module")
def stores(request: pytest.FixtureRequest) -> Iterator[dict[str, Store]]:
    with sqlite_store() as sqlite, postgres_store(request.getfixturevalue("_postgres_server")) as postgresql:
        yield {"sqlite": sqlite, "postgresql": postgresql}


@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_the_simulator_finds_the_mutant(stores: dict[str, Store], name: str, dialect: str) -> None:
    before = _production()
    _, mutant = MUTANTS[name]
    with mutant(), pytest.raises(InvariantViolation) as found:
        _simulate_seeds(stores[dialect], FOUND_BY.get((name, dialect), 0), *range(SEEDS[dialect]))
    assert _production() == before
    # A mutant that cannot run, since what it replaces has changed, proves nothing.
    assert "Error(" not in str(found.value).splitlines()[0]


def _simulate_seeds(store: Store, *seeds: int) -> None:
    for seed in seeds:
        simulate(store, seed)


def _production() -> list[dict[str, int]]:
    return [{name: id(value) for name, value in vars(owner).items()} for owner in PRODUCTION]
