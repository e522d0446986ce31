"""One kill per database violates no delivery guarantee; ``python -m tests.kill`` runs more kills."""

from tests.kill.scenarios import Scenario, run_scenario

SCENARIOS = {
    "sqlite": Scenario("sqlite", workers_count=0),
    "postgresql": Scenario("postgresql", workers_count=2, kills_worker=True),
}


def test_killing_a_process_under_load_violates_no_guarantee(database_url: str) -> None:
    scenario = SCENARIOS[database_url.partition(":")[0]]

    result = run_scenario(database_url, scenario, kills=1, seconds=0)

    assert result.violations == []
    assert result.check_result.delivered > 0
