"""(f) Measure the time from ``kill -9`` to the next delivery.

It counts from the kill where other workers are running, and from ``/health`` answering 200 otherwise. The load is that of
``tests/kill``, so that the webhooks always have something to deliver. A kill's time is that of the webhook that waits
longest: its head was in flight, or was not leased yet.
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
    """Measure and print."""
    found = []
    for scenario in SCENARIOS:
        with databases.fresh(scenario.kind) as url:
            found.append(run_scenario(url, scenario, QUICK_KILLS if quick else KILLS, SECONDS))
    print_table(
        f"(f) Seconds from a kill to the next delivery, of {len(found[0].kill_events)} kills each",
        ("`kill -9` of", "from", "any webhook, p50", "max", "every webhook, p50", "max", "kill to health, p50"),
        [_row(one) for one in found],
    )


def _row(found: ScenarioResult) -> tuple[str, ...]:
    down = [(killing.ready_at - killing.at) / 1e9 for killing in found.kill_events]
    return (
        str(found.scenario),
        "the kill" if found.scenario.kills_worker else "health",
        f"{percentile(found.first_seconds, 0.5):.2f}",
        f"{max(found.first_seconds):.2f}",
        f"{percentile(found.last_seconds, 0.5):.2f}",
        f"{max(found.last_seconds):.2f}",
        "-" if found.scenario.kills_worker else f"{percentile(down, 0.5):.2f}",
    )
