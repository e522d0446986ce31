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
    """Run seeds until one breaks a promise; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seeds", type=int, default=1000, help="how many, from 0 or from --seed")
    parser.add_argument("--seed", type=int, help="one only, unless --seeds is given too")
    parser.add_argument("--keep-going", action="store_true", help="run on after a broken promise")
    arguments = parser.parse_args()
    clean_up_at_the_end()
    first = arguments.seed or 0
    count = 1 if arguments.seed is not None and "--seeds" not in sys.argv else arguments.seeds
    with open_store(arguments.database) as store:
        return _run(store, range(first, first + count), arguments.keep_going)


def _run(store: Store, seeds: range, keeps_going: bool) -> int:
    began = told = time.monotonic()
    totals: Counter[str] = Counter()
    broken = 0
    for done, seed in enumerate(seeds, 1):
        if isinstance(store, PostgresStore) and done % 20 == 0:
            store.vacuum()
        try:
            totals += simulate(store, seed).counts
        except InvariantViolation as error:
            broken += 1
            _say(f"seed {seed} on {store.dialect}: {error}")
            if not keeps_going:
                return 1
        now = time.monotonic()
        if now - told > PROGRESS_SECONDS or done == len(seeds):
            told = now
            rate = done / (now - began) * 60
            _say(f"{done}/{len(seeds)} seeds, {rate:.0f} a minute, {broken} broken; {_listed(totals)}")
    return 1 if broken else 0


def _listed(totals: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(totals.items()))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
