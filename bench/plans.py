"""Print each statement that lists, changes and the engine execute, with its plan, in a database of any size.

python -m bench.plans [--rows 1000000] [--even] [--table] [sqlite] [postgresql]

With --table it prints the tables of docs/operating/query-plans.md.
"""

import argparse
import logging
from contextlib import ExitStack

import structlog
from argon2 import PasswordHasher

from bench.databases import KINDS, Databases
from bench.tables import progress
from hourhook.domain import passwords
from hourhook.process.serving import make_asgi_app
from hourhook.settings import Settings
from hourhook.store.urls import open_database
from tests.support import every_statement, plan_recorder
from tests.support.accounts import make_account
from tests.support.clients import Client
from tests.support.dependencies import DEPENDENCIES
from tests.support.full_account import populate_account
from tests.support.large_database import analyze, fill, heaviest
from tests.support.plan_recorder import Plan, recording_plans
from tests.support.servers import EventLoopThread, free_socket, serving


def main() -> None:
    """Fill a database of each kind, and print the plans."""
    parser = argparse.ArgumentParser(description="Print the plan of every statement.")
    parser.add_argument("kinds", metavar="DATABASE", nargs="*", help=f"{' or '.join(KINDS)}; by default both")
    parser.add_argument("--rows", type=int, default=1_000_000, help="entries, events, payloads and attempts")
    parser.add_argument("--even", action="store_true", help="spread evenly over webhooks, projects and users")
    parser.add_argument(
        "--table",
        action="store_true",
        help="print one line for each function, with its slowest statement, in Markdown",
    )
    options = parser.parse_args()
    # Printed, however long they take.
    plan_recorder.MAX_SECONDS, plan_recorder.MAX_STEPS, Client.timeout_seconds = 25, 10**9, 600
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with Databases() as databases:
        for kind in options.kinds or KINDS:
            with databases.fresh(kind) as url:
                plans = record(url, options.rows, skewed=not options.even)
            if options.table:
                print_table(kind, plans)
            else:
                print(*plans, sep="\n")


def record(url: str, rows: int, *, skewed: bool) -> list[Plan]:
    """Fill a database, run everything in its large account, and return the plans."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    database = open_database(url)
    with ExitStack() as stack:
        stack.callback(database.close)
        loop = EventLoopThread()
        stack.callback(loop.close)
        bound = free_socket()
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        settings = Settings(base_url=address, rate_limit=None, sign_in_rate_limit=None, oauth_rate_limit=None)
        stack.enter_context(serving(loop, make_asgi_app(settings, database, dependencies=DEPENDENCIES), bound))
        client = Client(address)
        stack.callback(client.close)
        account = make_account(database, client)
        path_ids = heaviest(populate_account(account))
        progress(f"plans: filling {url.partition(':')[0]}")
        fill(database, account.id, account.contractor.id, rows, skewed=skewed)
        analyze(database)
        with recording_plans(database) as recorder:
            progress("plans: lists")
            # The server closes connections that are idle for long, as some are while others wait for a list.
            client.close()
            every_statement.fetch_every_list(account, recorder, path_ids)
            progress("plans: changes")
            client.close()
            every_statement.change_everything(account, recorder)
            progress("plans: the engine")
            client.close()
            every_statement.create_an_invoice(account, recorder)
            loop.run(every_statement.run_engine(account, recorder))
    return recorder.plans


def print_table(kind: str, plans: list[Plan]) -> None:
    """Print the plans of a kind of database as a section of the page."""
    sqlite = kind == "sqlite"
    print(f"## {'SQLite' if sqlite else 'PostgreSQL'}\n")
    if sqlite:
        print("SQLite reports no rows, so the table has thousands of instructions of its virtual machine.\n")
    else:
        print("A plan that is kept for any values of the parameters is called generic.\n")
    print(f"| statement | for | indexes | {'instructions' if sqlite else 'rows read'} | ms |\n|---|---|---|--:|--:|")
    for row in rows_of(plans):
        print(f"| {' | '.join(row)} |".replace("|  |", "| |"))
    print(flush=True)


def rows_of(plans: list[Plan]) -> list[tuple[str, ...]]:
    """Return a line for each function, and for each of its generic plans: that of its slowest statement."""
    slowest = {plan_name(plan): plan for plan in sorted(plans, key=lambda plan: plan.milliseconds)}
    return [row_of(plan) for _, plan in sorted(slowest.items())]


def row_of(plan: Plan) -> tuple[str, ...]:
    """Return the line of a plan."""
    indexes = dict.fromkeys(f"{scan.table}: {scan.index or 'none'}" for scan in plan.scans)
    cost = f"{plan.rows:,}" if plan.kind else f"{plan.cost // 1000:,}k"
    return (
        f"`{plan_name(plan)}`",
        plan.purpose.replace("|", "/"),
        ", ".join(indexes).replace("sqlite_autoindex", "autoindex"),
        cost,
        f"{plan.milliseconds:,.1f}",
    )


def plan_name(plan: Plan) -> str:
    """Return the function of a plan, marked if the plan is a generic one."""
    return f"{plan.name} (generic)" if plan.kind == "generic" else plan.name


if __name__ == "__main__":
    main()
