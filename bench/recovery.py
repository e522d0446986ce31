"""(f) The time from ``kill -9`` to the next delivery.

It is measured from the kill if other workers are running, otherwise from the first 200 of ``/health``. The load is that
of ``tests/kill``, so that every webhook always has payloads to deliver. The time is given for the first webhook that
gets a delivery and for the last, whose head was in flight or not leased yet.
"""

from bench.databases import Databases
from bench.tables import percentile, print_table
from tests.kill.scenarios import Scenario, ScenarioResult, run_scenario

SCENARIOS = (
    Scenario("sqlite", workers_count=0),
    Scenario("postgresql", workers_count=0),
    Scenario("postgresql", workers_count=3, kills_worker=True),
)
KILLS, QUICK_KILLS = 10, 2
SECONDS = 3.0


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, and print the table."""
    results = []
    for scenario in SCENARIOS:
        with databases.fresh(scenario.kind) as url:
            results.append(run_scenario(url, scenario, QUICK_KILLS if quick else KILLS, SECONDS))
    print_table(
        f"(f) Seconds from a kill to the next delivery, of {len(results[0].kill_events)} kills each",
        ("killed", "from", "first webhook, p50", "max", "last webhook, p50", "max", "kill to health, p50"),
        [_row(result) for result in results],
    )


def _row(result: ScenarioResult) -> tuple[str, ...]:
    down_seconds = [(kill.ready_at - kill.at) / 1e9 for kill in result.kill_events]
    return (
        str(result.scenario),
        "the kill" if result.scenario.kills_worker else "health",
        f"{percentile(result.first_seconds, 0.5):.2f}",
        f"{max(result.first_seconds):.2f}",
        f"{percentile(result.last_seconds, 0.5):.2f}",
        f"{max(result.last_seconds):.2f}",
        "-" if result.scenario.kills_worker else f"{percentile(down_seconds, 0.5):.2f}",
    )
