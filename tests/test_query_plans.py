"""Query plans of all statements that lists, changes and the engine execute, in a database with a large account."""

from collections.abc import Iterator

import pytest

from tests.conftest import MakeServer
from tests.support import every_statement
from tests.support.accounts import Account, make_account
from tests.support.full_account import populate_account
from tests.support.large_database import analyze, fill, heaviest
from tests.support.plan_recorder import Plan, PlanRecorder, recording_plans

ROWS = 6_000
# No statement may read more: a few times what the account has.
MOST_ROWS, MOST_INSTRUCTIONS = 8 * ROWS, 150 * ROWS
# Reads an account's items of a few projects, which is bounded, but joined as well as the statistics allow.
NEEDS_STATISTICS = ("domain/invoices/defaults.find_defaults_source", "domain/invoices/parts", "domain/invoices/reading")
LARGE = {"entries", "entry_tags", "events", "payloads", "attempts", "errands"}


@pytest.fixture
def account(make_server: MakeServer) -> Account:
    server = make_server()
    return make_account(server.database, server.client)


# It takes long, because it calls each endpoint with resources of its own.
def test_no_statement_scans_a_large_table(account: Account, request: pytest.FixtureRequest) -> None:
    path_ids = heaviest(populate_account(account))
    fill(account.database, account.id, account.contractor.id, ROWS)
    analyze(account.database)

    with recording_plans(account.database) as recorder:
        every_statement.fetch_every_list(account, recorder, path_ids)
        every_statement.change_everything(account, recorder)
        every_statement.change_an_invoice(account, recorder)
        request.getfixturevalue("_loop").run(every_statement.run_engine(account, recorder))

    assert len(recorder.plans) > 500
    assert bad_plans(recorder) == []


def test_engine_and_invoices_need_no_statistics(account: Account, request: pytest.FixtureRequest) -> None:
    if account.database.dialect == "postgresql":
        # As autovacuum does before tables grow.
        analyze(account.database)
    fill(account.database, account.id, account.contractor.id, ROWS)

    with recording_plans(account.database) as recorder:
        every_statement.create_an_invoice(account, recorder)
        request.getfixturevalue("_loop").run(every_statement.run_engine(account, recorder))

    assert [plan for plan in bad_plans(recorder) if not plan.startswith(NEEDS_STATISTICS)] == []


def bad_plans(recorder: PlanRecorder) -> list[str]:
    return [str(plan) for plan in recorder.plans if any(scans_all(plan)) or reads_too_much(plan)]


def scans_all(plan: Plan) -> Iterator[bool]:
    """Tell of each read of a large table whether it reads the table, and so other accounts' rows, from its start."""
    for scan in plan.scans:
        if plan.kind:
            yield scan.is_sequential and scan.rows > 1000
        else:
            yield scan.is_sequential and scan.index is None and scan.table in LARGE


def reads_too_much(plan: Plan) -> bool:
    return plan.rows > MOST_ROWS if plan.kind else plan.cost > MOST_INSTRUCTIONS
