"""Soak a deployment: hours of changes while one webhook after the other fails, then everything must catch up soon.

``python -m tests.kill.soak [--database postgresql] [--seconds 900]`` starts ``serve --no-worker`` and two workers,
makes 20 changes a second for ten webhooks, and lets one of them at a time fail for 20 s. It fails unless every payload
arrived in order and the last one within a minute of the last change.
"""

import argparse
import sys
import time
from itertools import cycle

from bench.backlogs import open_account
from bench.databases import KINDS, Databases
from bench.tables import progress
from hourhook.store.urls import open_database
from tests.kill.changes import add_webhooks, generate_changes
from tests.kill.checks import check, read_log
from tests.kill.deployments import Deployment
from tests.kill.scenarios import DELAYS_MS, wait_until_delivered
from tests.kill.verifying_receivers import VerifyingReceivers

WEBHOOKS = 10
CHANGES_PER_SECOND = 20
FAILING_SECONDS = 20
CATCH_UP_SECONDS = 60


def soak(url: str, workers_count: int, seconds: float) -> bool:
    """Print what happened; returns whether everything arrived in order and caught up in time."""
    with VerifyingReceivers(DELAYS_MS) as receivers:
        database = open_database(url)
        token = open_account(database).token
        with Deployment(url, workers_count) as deployment:
            secrets = add_webhooks(deployment.port, token, receivers.uris, WEBHOOKS)
            receivers.set_secrets(secrets)
            with generate_changes(deployment.port, token, CHANGES_PER_SECOND) as results:
                ends_at = time.monotonic() + seconds
                for webhook_id in cycle(secrets):
                    rest = ends_at - time.monotonic()
                    if rest <= 0:
                        break
                    progress(f"webhook {webhook_id} fails, {rest:.0f} s to go, {len(results.changes):,} changes so far")
                    receivers.set_failing([webhook_id])
                    time.sleep(min(FAILING_SECONDS, rest))
            changes_end = time.monotonic()
            receivers.set_failing([])
            wait_until_delivered(database)
            caught_up_seconds = time.monotonic() - changes_end
        result = check(read_log(database), results, receivers.fetch_arrivals(), [*secrets], [])
        database.close()
    progress("")
    print(f"{result.acknowledged:,} changes, {result.events:,} events, {result.delivered:,} payloads delivered")
    print(f"{result.duplicates:,} repeats, caught up in {caught_up_seconds:.1f} s")
    late = [f"not caught up within {CATCH_UP_SECONDS} s"] * (caught_up_seconds > CATCH_UP_SECONDS)
    faults = [*result.violations, *late]
    print("\n".join(faults) or "nothing lost, nothing out of order")
    return not faults


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kill.soak", description="Soak a deployment.")
    parser.add_argument("--database", choices=KINDS, default="postgresql")
    parser.add_argument("--workers", type=int, default=2, help="standalone workers (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=900, help="how long changes are made (default: %(default)s)")
    arguments = parser.parse_args()
    with Databases() as databases, databases.fresh(arguments.database) as url:
        sys.exit(not soak(url, arguments.workers, arguments.seconds))


if __name__ == "__main__":
    _main()
