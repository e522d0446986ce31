"""Kill the primary of two PostgreSQL servers under load and promote the other, again and again.

.venv/bin/python -m tests.kill.failover [--failovers N] [--seconds S]

Afterwards every delivery guarantee is checked, as after kills. Exits with 1 if one was violated.
"""

import argparse

from bench.tables import print_table
from hourhook.store.upgrades import migrate
from tests.kill.__main__ import NAMES, GuaranteesViolated, column
from tests.kill.replicas import Replicas
from tests.kill.scenarios import Scenario, run_scenario
from tests.support.leftovers import clean_up_at_the_end

FAILOVERS = 5
SECONDS = 3.0


def fail_over(count: int, seconds: float) -> None:
    """Fail over ``count`` times, and print the counts. Raises ``GuaranteesViolated``."""
    clean_up_at_the_end()
    with Replicas() as replicas:
        migrate(replicas.url)
        scenario = Scenario("postgresql", workers_count=2, fail_over=replicas.fail_over, restore=replicas.add_standby)
        result = run_scenario(replicas.url, scenario, count, seconds)
    print_table("Failovers under load", ("failovers", str(scenario)), [*zip(NAMES, column(result), strict=True)])
    if result.violations:
        raise GuaranteesViolated("\nVIOLATED GUARANTEES\n" + "\n".join(result.violations))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fail over under load, and check the delivery guarantees.")
    parser.add_argument("--failovers", type=int, default=FAILOVERS, metavar="N", help=f"how many ({FAILOVERS})")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help=f"longest time between two ({SECONDS:g})"
    )
    arguments = parser.parse_args()
    fail_over(arguments.failovers, arguments.seconds)
