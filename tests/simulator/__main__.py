"""Run the simulator by hand: ``python -m tests.simulator --database sqlite --seeds 10000``, or ``--seed N`` for one."""

import argparse
import sys
import time
from collections import Counter

from tests.simulator.runs import InvariantViolation, simulate
from tests.simulator.stores import PostgresStore, Store, open_store
from tests.support.leftovers import clean_up_at_the_end

PROGRESS_SECONDS = 2.0


def main() -> int:
    """Run seeds until one violates an invariant; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator", description="Simulate the delivery engine, and check its invariants."
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="which database to use")
    parser.add_argument("--seeds", type=int, default=1000, help="number of seeds to run, starting at 0 or at --seed")
    parser.add_argument("--seed", type=int, help="the seed to run, or the first one if --seeds is given too")
    parser.add_argument("--keep-going", action="store_true", help="continue after a violation")
    arguments = parser.parse_args()
    clean_up_at_the_end()
    first = arguments.seed or 0
    count = 1 if arguments.seed is not None and "--seeds" not in sys.argv else arguments.seeds
    with open_store(arguments.database) as store:
        return _run(store, range(first, first + count), arguments.keep_going)


def _run(store: Store, seeds: range, keep_going: bool) -> int:
    started_at = reported_at = time.monotonic()
    totals: Counter[str] = Counter()
    violations_count = 0
    for done, seed in enumerate(seeds, 1):
        if isinstance(store, PostgresStore) and done % 20 == 0:
            store.vacuum()
        try:
            totals += simulate(store, seed).counts
        except InvariantViolation as error:
            violations_count += 1
            _print(f"seed {seed} on {store.dialect}: {error}")
            if not keep_going:
                return 1
        now = time.monotonic()
        if now - reported_at > PROGRESS_SECONDS or done == len(seeds):
            reported_at = now
            rate = done / (now - started_at) * 60
            _print(
                f"{done}/{len(seeds)} seeds, {rate:.0f} per minute, {violations_count} violations; {_format(totals)}"
            )
    return 1 if violations_count else 0


def _format(totals: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(totals.items()))


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
