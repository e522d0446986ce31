"""Kill real processes under load, again and again, and check every delivery guarantee afterwards.

.venv/bin/python -m tests.kill [--database sqlite|postgresql|all] [--kills N] [--seconds S]

Exits with 1 and prints the violations if a guarantee was violated.
"""

import argparse
from collections.abc import Sequence

from bench.databases import KINDS, Databases
from bench.tables import percentile, print_table
from tests.kill.scenarios import Scenario, ScenarioResult, run_scenario

SCENARIOS = (
    Scenario("sqlite", workers_count=0),
    Scenario("postgresql", workers_count=0),
    Scenario("postgresql", workers_count=3),
    Scenario("postgresql", workers_count=3, kills_worker=True),
)
KILLS = 20
SECONDS = 3.0


class GuaranteesViolated(SystemExit):
    """A delivery guarantee was violated."""


def kill_all(databases: Databases, kinds: Sequence[str], kills: int, seconds: float) -> None:
    """Run every scenario on these databases, and print the counts. Raises ``GuaranteesViolated``."""
    results = []
    for scenario in SCENARIOS:
        if scenario.kind in kinds:
            with databases.fresh(scenario.kind) as url:
                results.append(run_scenario(url, scenario, kills, seconds))
    rows = [*zip(*(column(result) for result in results), strict=True)]
    heads = ("`kill -9` of", *(str(result.scenario) for result in results))
    print_table("Processes killed under load", heads, [(name, *row) for name, row in zip(NAMES, rows, strict=True)])
    violations = [f"{result.scenario}: {violation}" for result in results for violation in result.violations]
    if violations:
        raise GuaranteesViolated("\nVIOLATED GUARANTEES\n" + "\n".join(violations))


NAMES = (
    "kills",
    "changes answered with a 2xx",
    "requests that were cut off",
    "responses 503 while the database was away",
    "events in the log",
    "changes without an event, events without a change",
    "payloads delivered",
    "lost",
    "out of order",
    "signatures that do not verify",
    "repeats",
    "most repeats of a webhook at one kill",
    "seconds until the next delivery, p50 (max)",
    "seconds until every webhook has delivered, p50 (max)",
)


def column(result: ScenarioResult) -> tuple[str, ...]:
    """Return the counts of a scenario, for the lines ``NAMES``."""
    check_result = result.check_result
    unmatched = (
        check_result.acknowledged_without_event
        + check_result.objects_without_event
        + check_result.events_without_object
    )
    return (
        f"{len(result.kill_events):,}",
        f"{check_result.acknowledged:,}",
        f"{check_result.interrupted:,}",
        f"{check_result.unavailable:,}",
        f"{check_result.events:,}",
        f"{unmatched:,}",
        f"{check_result.delivered:,}",
        f"{check_result.lost:,}",
        f"{check_result.out_of_order + check_result.unknown:,}",
        f"{check_result.unverified:,}",
        f"{check_result.duplicates:,}",
        f"{check_result.max_duplicates:,}",
        _times(result.first_seconds),
        _times(result.last_seconds),
    )


def _times(seconds: list[float]) -> str:
    return f"{percentile(seconds, 0.5):.2f} ({max(seconds):.2f})"


def _main() -> None:
    parser = argparse.ArgumentParser(description="Kill processes under load, and check the delivery guarantees.")
    parser.add_argument("--database", choices=[*KINDS, "all"], default="all", help="which database to run on")
    parser.add_argument("--kills", type=int, default=KILLS, metavar="N", help=f"kills per scenario ({KILLS})")
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        metavar="S",
        help=f"longest time between two kills ({SECONDS:g})",
    )
    arguments = parser.parse_args()
    kinds = KINDS if arguments.database == "all" else (arguments.database,)
    with Databases() as databases:
        kill_all(databases, kinds, arguments.kills, arguments.seconds)


if __name__ == "__main__":
    _main()
