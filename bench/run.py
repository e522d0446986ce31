"""Run the benchmarks, and print their tables and a description of the machine.

.venv/bin/python bench/run.py [all|BENCHMARK ...] [--quick]
"""

import argparse
import sys
from pathlib import Path

# So that it can be run as a script, from a checkout.
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bench import (  # noqa: E402
    api,
    connections,
    deliveries,
    fanout,
    followers,
    idle,
    large_accounts,
    latency,
    long_run,
    machine,
    many_hosts,
    merges,
    recovery,
    saturated_api,
    single_webhook,
    slow_receivers,
)
from bench.databases import Databases  # noqa: E402
from bench.tables import print_table  # noqa: E402

BENCHMARKS = {
    "many_hosts": many_hosts.run,
    "slow_receivers": slow_receivers.run,
    "single_webhook": single_webhook.run,
    "deliveries": deliveries.run,
    "long_run": long_run.run,
    "latency": latency.run,
    "saturated_api": saturated_api.run,
    "api": api.run,
    "idle": idle.run,
    "fanout": fanout.run,
    "merges": merges.run,
    "recovery": recovery.run,
    "large_accounts": large_accounts.run,
    "followers": followers.run,
    "connections": connections.run,
}


def main() -> None:
    """Run the requested benchmarks."""
    names, is_quick = parse_arguments(sys.argv[1:])
    with Databases() as databases:
        print_table("Machine", ("", ""), [*machine.describe(databases).items()])
        for name in names:
            BENCHMARKS[name](databases, quick=is_quick)


def parse_arguments(arguments: list[str]) -> tuple[list[str], bool]:
    """Return the names of the requested benchmarks, all if none is named, and whether --quick was given."""
    parser = argparse.ArgumentParser(description="Measure Hourhook on this machine.")
    names = ["all", *BENCHMARKS]
    # The default is a string, because argparse would compare a list with the choices.
    parser.add_argument("names", metavar="BENCHMARK", nargs="*", default="all", choices=names, help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="small and once: to check that it works, not to compare")
    options = parser.parse_args(arguments)
    return [*BENCHMARKS] if "all" in options.names else options.names, options.quick


if __name__ == "__main__":
    main()
