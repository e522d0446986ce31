"""Run the benchmarks, and print figures and the machine that they belong to.

.venv/bin/python bench/run.py [all|deliveries|latency|api|idle|fanout|merges|recovery] [--quick]
"""

import argparse
import sys
from pathlib import Path

# So that it runs as a script, from a checkout.
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench import api, deliveries, fanout, idle, latency, machine, merges, recovery  # noqa: E402
from bench.databases import Databases  # noqa: E402
from bench.tables import print_table  # noqa: E402

BENCHMARKS = {
    "deliveries": deliveries.run,
    "latency": latency.run,
    "api": api.run,
    "idle": idle.run,
    "fanout": fanout.run,
    "merges": merges.run,
    "recovery": recovery.run,
}


def main() -> None:
    """Run what is asked for."""
    names, is_quick = parse_arguments(sys.argv[1:])
    with Databases() as databases:
        print_table("Machine", ("", ""), [*machine.describe(databases).items()])
        for name in names:
            BENCHMARKS[name](databases, quick=is_quick)


def parse_arguments(arguments: list[str]) -> tuple[list[str], bool]:
    """Which benchmarks are asked for, all where none is named, and whether they are to be quick."""
    parser = argparse.ArgumentParser(description="Measure Hourhook on this machine.")
    # One text and no list, or argparse would hold the list against the choices.
    parser.add_argument("what", nargs="*", default="all", choices=["all", *BENCHMARKS], help="all, or some")
    parser.add_argument("--quick", action="store_true", help="small and once: to see that it works, not to compare")
    given = parser.parse_args(arguments)
    return [*BENCHMARKS] if "all" in given.what else given.what, given.quick


if __name__ == "__main__":
    main()
