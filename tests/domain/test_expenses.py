"""The locks of expenses."""

import msgspec
import pytest

from hourhook.domain.expenses import rules
from hourhook.domain.expenses.representations import Expense, compose
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleInvoice, SimpleProject, SimpleUser
from hourhook.errors import FieldError, ValidationFailed

LINKS = Links("http://127.0.0.1:8080")
INVOICE = SimpleInvoice(5150, "NW-0042", "2024-06-01", "unpaid", 186.48, f"{LINKS.root}/invoices/5150")


def make_expense(*, enabled: bool) -> Expense:
    return compose(
        LINKS,
        id=6077,
        price=4990,
        description=None,
        taxable=True,
        date="2024-05-20",
        project=SimpleProject(20817, "Website", 15, enabled, True, "#3fa7d6", LINKS.project(20817)),
        user=SimpleUser(7301, "ada@northwind.test", "Ada", None, "", LINKS.user(7301)),
        created_at=0,
        updated_at=0,
    )


def test_an_expense_without_a_lock_can_be_changed() -> None:
    rules.refuse_uneditable(make_expense(enabled=True))


@pytest.mark.parametrize(
    ("is_invoiced", "enabled", "code"),
    [(True, True, "invoiced"), (True, False, "invoiced"), (False, False, "archived_project")],
)
def test_the_first_lock_of_an_expense_is_reported(is_invoiced: bool, enabled: bool, code: str) -> None:
    expense = msgspec.structs.replace(make_expense(enabled=enabled), invoice=INVOICE if is_invoiced else None)

    with pytest.raises(ValidationFailed) as raised:
        rules.refuse_uneditable(expense)

    assert raised.value.errors == [FieldError("Expense", "base", code)]
    assert raised.value.message.startswith("The Expense ")
