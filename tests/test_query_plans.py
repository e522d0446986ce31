"""Query plans of all statements that lists, changes and the engine execute, in a database with a large account."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import MakeServer
from tests.support import every_statement
from tests.support.accounts import Account, make_account
from tests.support.full_account import populate_account
from tests.support.large_database import FIRST_ID, analyze, fill, heaviest
from tests.support.oauth_clients import signed_in_browser
from tests.support.plan_recorder import Plan, PlanRecorder, recording_plans

ROWS = 6_000
# No statement may read more: a few times what the account has.
MOST_ROWS, MOST_PAGES, MOST_INSTRUCTIONS = 8 * ROWS, 6 * ROWS, 300 * ROWS
# After so many rows were added, statistics were last gathered.
ANALYZED_ROWS = ROWS // 12
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
        # First, because a statement is explained once, and with many items.
        every_statement.change_an_invoice(account, recorder)
        every_statement.fetch_every_list(account, recorder, path_ids)
        every_statement.change_everything(account, recorder)
        request.getfixturevalue("_loop").run(every_statement.run_engine(account, recorder))

    assert len(recorder.plans) > 500
    assert bad_plans(recorder) == []


# Calls each list, because a list has a statement for each filter.
def test_no_statement_needs_recent_statistics(account: Account, request: pytest.FixtureRequest) -> None:
    path_ids = heaviest(populate_account(account))
    if account.database.dialect == "postgresql":
        # As autovacuum leaves them before an import. SQLite has none, unless somebody gathers them.
        fill(account.database, account.id, account.contractor.id, ANALYZED_ROWS)
        analyze(account.database)
        fill(account.database, account.id, account.contractor.id, ROWS, filled=ANALYZED_ROWS)
    else:
        fill(account.database, account.id, account.contractor.id, ROWS)

    with recording_plans(account.database) as recorder:
        every_statement.change_an_invoice(account, recorder)
        every_statement.fetch_every_list(account, recorder, path_ids, account.supervisor)
        request.getfixturevalue("_loop").run(every_statement.run_engine(account, recorder))

    assert len(recorder.plans) > 300
    assert bad_plans(recorder) == []


# Pages that sum up what an account has.
SUMMING_PAGES = (
    "/days/2024-12-11",
    "/entries?from=2018-01-01",
    "/entries?from=2024-10-05&to=2024-11-20&billable=true",
    f"/entries?from=2018-01-01&user_ids={FIRST_ID + 5}",
    "/inbox",
    "/invoices/new",
    f"/invoices/new?projects={FIRST_ID}&from=2024-10-05",
    f"/projects/{FIRST_ID}",
    "/reports?from=2018-01-01&to=2026-12-31&group_by=week",
    "/reports?from=2018-01-01&to=2026-12-31&group_by=project&then_by=month",
    f"/reports?from=2018-01-01&to=2026-12-31&group_by=user&then_by=date&project_ids={FIRST_ID}",
    "/reports?from=2018-01-01&to=2026-12-10&group_by=team&then_by=project_group&invoiced=false",
)


def test_pages_sum_up_entries_from_indexes_alone(account: Account) -> None:
    fill(account.database, account.id, account.contractor.id, ROWS)
    analyze(account.database)
    browser = signed_in_browser(account, account.supervisor)

    with recording_plans(account.database) as recorder:
        for path in SUMMING_PAGES:
            assert browser.get(path).status == 200, path

    summing = [plan for plan in recorder.plans if re.search(r"sum\((entries|entry_sums)\.minutes\)", plan.statement)]
    assert len(summing) >= len(SUMMING_PAGES) - 1
    if account.database.dialect == "postgresql":
        # Where an account has most of a small table, it may read that.
        assert [str(plan) for plan in summing if reads_too_much(plan)] == []
        return
    alone = re.compile(r"COVERING INDEX ix_(entries|entry_sums)_by_|entry_sums USING PRIMARY KEY")
    reads = [line for plan in summing for line in plan.text.splitlines() if re.search(" entr(ies|y_sums) USING", line)]
    assert len(reads) >= len(summing)
    assert [line for line in reads if not alone.search(line)] == []


def test_deleting_a_user_reads_few_entries(account: Account) -> None:
    user = account.add("gone", "coworker")
    fill(account.database, account.id, account.contractor.id, ROWS)

    with recording_plans(account.database) as recorder:
        assert account.supervisor.client.delete(f"/v2/users/{user.id}").status == 204

    scans = [scan for plan in recorder.plans for scan in plan.scans if scan.table == "entries"]
    assert scans
    assert [scan for scan in scans if scan.rows > 10 or scan.is_sequential] == []
    assert [str(plan) for plan in recorder.plans if plan.cost > 20_000 and not plan.kind] == []


def bad_plans(recorder: PlanRecorder) -> list[str]:
    suits_few = needs_own_plan(recorder)
    return [str(plan) for plan in recorder.plans if any(scans_all(plan)) or reads_too_much(plan) or suits_few(plan)]


def needs_own_plan(recorder: PlanRecorder) -> Callable[[Plan], bool]:
    """Return a function that tells whether a plan for any values reads far more than one for the values at hand."""
    own = {(plan.name, plan.statement): plan.rows for plan in recorder.plans if plan.kind == "custom"}

    def check(plan: Plan) -> bool:
        return plan.kind == "generic" and plan.rows > 10 * own[plan.name, plan.statement] + ROWS // 4

    return check


def scans_all(plan: Plan) -> Iterator[bool]:
    """Tell of each read of a large table whether it reads the table, and so other accounts' rows, from its start."""
    for scan in plan.scans:
        if plan.kind:
            yield scan.is_sequential and scan.rows > 1000
        else:
            yield scan.is_sequential and scan.index is None and scan.table in LARGE


def reads_too_much(plan: Plan) -> bool:
    if plan.kind:
        return plan.rows > MOST_ROWS or plan.cost > MOST_PAGES
    return plan.cost > MOST_INSTRUCTIONS
