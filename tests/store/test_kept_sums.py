"""Triggers keep sums equal to a recount, whatever statement changes the rows."""

import pytest
from sqlalchemy import text

from hourhook.domain import sums
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account
from tests.support.factories import make_entry, make_expense, make_invoice, make_project

CHANGES = (
    "UPDATE entries SET minutes = minutes + 7, date = '2023-12-31' WHERE id % 2 = 0",
    "UPDATE entries SET project_id = NULL WHERE id % 3 = 0",
    "UPDATE entries SET project_id = (SELECT max(id) FROM projects), user_id = (SELECT min(id) FROM users)",
    "UPDATE entries SET invoiced_at = CASE WHEN invoiced_at IS NULL THEN 1 END WHERE id % 2 = 1",
    "UPDATE expenses SET project_id = (SELECT min(id) FROM projects), user_id = (SELECT max(id) FROM users)",
    "UPDATE tags SET billable = NOT billable",
    "UPDATE tags SET billable = NOT billable WHERE id = (SELECT min(id) FROM tags)",
    "DELETE FROM entry_tags WHERE entry_id % 2 = 0",
    "UPDATE entry_tags SET tag_id = (SELECT max(id) FROM tags) WHERE place = 0 AND entry_id NOT IN "
    "(SELECT entry_id FROM entry_tags WHERE tag_id = (SELECT max(id) FROM tags))",
    "UPDATE invoice_entries SET invoice_id = (SELECT max(id) FROM invoices)",
    "DELETE FROM invoice_entries WHERE entry_id % 2 = 0",
    "DELETE FROM invoice_expenses",
    "DELETE FROM invoice_entries",
    "DELETE FROM expenses WHERE id % 2 = 0",
    "DELETE FROM entry_tags",
    "DELETE FROM entries",
)


@pytest.fixture
def filled(account: Account) -> Account:
    """An account with entries and expenses, some of them tagged, invoiced or without a project."""
    projects = [make_project(account, name) for name in ("Harbour", "Orchard")]
    for number in range(8):
        texts = ("#one", "#one #free*", "#free* #other*", "")
        project_id = (projects[0]["id"], projects[1]["id"], None)[number % 3]
        make_entry(account.leader, project_id=project_id, minutes=number, description=texts[number % 4])
    entries = account.leader.client.get("/v2/entries", {"project_ids": projects[0]["id"]}).json()
    expenses = [make_expense(account.leader, project) for project in projects]
    make_invoice(account, entries[:2], expenses[:1])
    make_invoice(account, [], expenses[1:])
    return account


def execute(tx: Transaction, statement: str) -> int:
    return tx.execute(Statement(text(statement)))


def test_sums_agree_with_a_recount_after_any_statement(filled: Account) -> None:
    for change in CHANGES:
        assert filled.database.run_now(execute, change), change
        assert filled.database.read_now(sums.find_differences) == {}, change
    assert filled.database.run_now(execute, "DELETE FROM entry_sums") == 0


def test_a_recount_corrects_wrong_sums(filled: Account) -> None:
    def spoil(tx: Transaction) -> None:
        for change in (
            "UPDATE entry_sums SET minutes = minutes + 1",
            "DELETE FROM expense_sums",
            "UPDATE project_invoices SET items_count = 9",
            "UPDATE tags SET entries_count = 5",
            "UPDATE entries SET unbillable_tags_count = 3",
        ):
            execute(tx, change)

    filled.database.run_now(spoil)
    wrong = filled.database.read_now(sums.find_differences)
    filled.database.run_now(sums.recount)

    assert wrong.keys() == {
        "entries.unbillable_tags_count", "tags.entries_count", "entry_sums", "expense_sums", "project_invoices",
    }  # fmt: skip
    assert filled.database.read_now(sums.find_differences) == {}
