"""``GET /v2/invoices/:id/breakdown``: the parts of an invoice, which sum to its total exactly."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.factories import NO_SUCH_ID, make_entry, make_expense, make_invoice, make_project, set_state
from tests.support.statements import capture_statements

RATES = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 95.55}
FLAT = {"calculation_method": "flat_rate", "flat_rate": 500}


def test_each_user_has_minutes_rate_and_amount(account: Account) -> None:
    project = make_project(account, billing_increment=1)
    entries = [
        make_entry(account.leader, minutes=90, project_id=project["id"]),
        make_entry(account.owner, minutes=31, project_id=project["id"]),
        make_entry(account.owner, "#admin*", minutes=600, project_id=project["id"]),
    ]
    invoice = make_invoice(
        account,
        entries,
        [make_expense(account.leader, project, 49.9), make_expense(account.leader, project, 12, taxable=False)],
        rate_calculation={
            "calculation_method": "custom_hourly_rates",
            "standard_hourly_rate": 80,
            "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 95.55}],
        },
        taxes=[{"name": "VAT", "percentage": 20}, {"percentage": 1.5}],
    )

    found = fetch(account, invoice)

    worked = {part["user"]["id"]: (part["minutes"], part["rate"], part["amount"]) for part in found["time"]}
    assert worked == {account.leader.id: (90, "95.55", "143.33"), account.owner.id: (31, "80", "41.33")}
    assert list(found["time"][0]) == ["user", "minutes", "rate", "amount"]
    assert found["expenses"] == {"taxable_amount": "49.90", "taxfree_amount": "12.00"}
    assert [(tax["name"], tax["percentage"], tax["amount"]) for tax in found["taxes"]] == [
        ("VAT", "20", "46.91"),
        (None, "1.5", "3.52"),
    ]
    assert [tax["id"] for tax in found["taxes"]] == [tax["id"] for tax in invoice["taxes"]]
    assert sum_of(found) == Decimal(found["total_amount"]) == Decimal("296.99")


@pytest.mark.parametrize(
    ("currency", "amount", "total", "digits"),
    [
        ("USD", "47.78", "47.78", 2),
        ("JPY", "48", "48", 0),
        ("KWD", "47.775", "47.775", 3),
    ],
)
def test_amounts_have_the_digits_of_the_currency(
    account: Account, currency: str, amount: str, total: str, digits: int
) -> None:
    entry = make_entry(account.leader, minutes=30)
    invoice = make_invoice(
        account, [entry], rate_calculation=RATES, customization={"currency_code": currency, "currency_symbol": "x"}
    )

    found = fetch(account, invoice)

    assert (found["currency_code"], found["minor_units"]) == (currency, digits)
    assert (found["time"][0]["amount"], found["total_amount"]) == (amount, total)
    assert sum_of(found) == Decimal(found["total_amount"])


def test_an_expense_beyond_the_digits_of_the_currency_is_exact(account: Account) -> None:
    project = make_project(account)
    invoice = make_invoice(
        account,
        [],
        [make_expense(account.leader, project, 10.5)],
        customization={"currency_code": "JPY", "currency_symbol": "¥"},
        taxes=[{"percentage": 10}],
    )

    found = fetch(account, invoice)

    assert (found["expenses"]["taxable_amount"], found["total_amount"]) == ("10.50", "11.50")
    assert sum_of(found) == Decimal(found["total_amount"])


def test_a_flat_rate_is_one_element(account: Account) -> None:
    entries = [make_entry(account.leader, minutes=30), make_entry(account.owner, minutes=45)]

    found = fetch(account, make_invoice(account, entries, rate_calculation=FLAT))

    assert found["time"] == [{"minutes": 75, "flat_rate": "500", "amount": "500.00"}]
    assert sum_of(found) == Decimal(found["total_amount"])


def test_a_paid_invoice_keeps_its_parts(account: Account) -> None:
    project = make_project(account, billing_increment=1)
    entry = make_entry(account.leader, minutes=60, project_id=project["id"])
    invoice = make_invoice(account, [entry], rate_calculation=RATES)
    set_state(account, invoice, "paid")
    before = fetch(account, invoice)

    assert account.leader.client.put(project["url"], {"billable": False}).status == 200

    assert fetch(account, invoice) == before
    assert before["total_amount"] == "95.55"


def test_only_those_who_see_the_invoice_see_its_parts(account: Account, other_account: Account) -> None:
    invoice, theirs = make_invoice(account), make_invoice(other_account)

    assert account.coworker.client.get(f"{invoice['url']}/breakdown").status == 403
    for id in (theirs["id"], NO_SUCH_ID, "x"):
        assert account.leader.client.get(f"/v2/invoices/{id}/breakdown").status == 404


def test_a_large_invoice_takes_as_many_statements(account: Account) -> None:
    counts = set()
    for number in (1, 20):
        invoice = make_invoice(account, [make_entry(account.leader) for _ in range(number)], rate_calculation=RATES)
        with capture_statements(account.database) as statements:
            fetch(account, invoice)
        # The use of the token is recorded in the background.
        counts.add(sum(statement.startswith("SELECT") for statement in statements))
    assert counts == {6}


def fetch(account: Account, invoice: dict[str, Any]) -> dict[str, Any]:
    response = account.leader.client.get(f"{invoice['url']}/breakdown")
    assert response.status == 200, response.body
    found: dict[str, Any] = response.json()
    return found


def sum_of(found: dict[str, Any]) -> Decimal:
    amounts = [part["amount"] for part in (*found["time"], *found["taxes"])]
    return sum(map(Decimal, [*amounts, *found["expenses"].values()]), Decimal())
