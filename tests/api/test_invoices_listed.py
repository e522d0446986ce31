"""``GET /v2/invoices``: filters, order and pages."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.factories import NO_SUCH_ID, ids, make_entry, make_expense, make_invoice, make_project, set_state


def found(account: Account, query: Any) -> list[str]:
    """The references of the invoices in a leader's list, in order."""
    response = account.leader.client.get("/v2/invoices", query)
    assert response.status == 200, response.body
    return [each["reference"] for each in response.json()]


def test_invoices_are_sorted_by_date_then_id_newest_first(account: Account) -> None:
    for reference, date in (("1", "2024-05-02"), ("2", "2024-05-03"), ("3", "2024-05-01"), ("4", "2024-05-02")):
        make_invoice(account, reference=reference, invoice_date=date)

    assert found(account, {}) == ["2", "4", "1", "3"]


def test_invoices_are_paginated_in_full(account: Account) -> None:
    project = make_project(account)
    made = [
        make_invoice(account, [make_entry(account.leader, project_id=project["id"])], taxes=[{"percentage": number}])
        for number in range(5)
    ]
    client = account.leader.client

    first = client.get("/v2/invoices", {"per_page": 2})

    assert first.json() == [made[4], made[3]]
    assert list(first.links) == ["last", "next"]
    assert client.get(first.links["next"]).json() == [made[2], made[1]]
    assert client.get(first.links["last"]).json() == [made[0]]
    assert client.get("/v2/invoices", {"page": 9}).json() == []


def test_invoices_are_filtered(account: Account, clock: FakeClock) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other")
    entry, expense = make_entry(account.leader, project_id=one["id"]), make_expense(account.leader, other)
    a = make_invoice(
        account,
        [entry],
        reference="A",
        invoice_date="2024-06-01",
        project_name="Gr\u00f6\u00dfe",
        company_name="Northwind Ltd",
        company_details="Portsmouth",
        recipient_details="Contoso\nLondon",
        description="**Kick-off**",
        footer="100% thanks",
        show_hours_worked=False,
        show_full_report=True,
        show_user_summaries=True,
        show_project_summaries=True,
        show_project_name_for_expenses=True,
        rate_calculation={"calculation_method": "flat_rate", "flat_rate": "12.34"},
        customization={"locale": "de", "custom_html": "<p>", "paypal_invoice": {}, "currency_symbol": "Eur"},
    )
    clock.advance(seconds=60)
    b = make_invoice(
        account,
        [],
        [expense],
        reference="B",
        invoice_date="2024-06-02",
        rate_calculation={
            "calculation_method": "custom_hourly_rates", "standard_hourly_rate": 0, "custom_hourly_rates": [],
        },
        customization={"stripe_connect_payment": {}},
    )  # fmt: skip
    set_state(account, b, "in_progress")
    clock.advance(seconds=60)
    make_invoice(account, reference="C", invoice_date="2024-06-03")
    account.leader.client.put(f"{a['url']}/paid")
    whole = ["C", "B", "A"]

    for query, expected in (
        ({}, whole),
        ({"state": "unpaid"}, ["C"]),
        ({"state": "in_progress"}, ["B"]),
        ({"state": "paid"}, ["A"]),
        ({"state": "none"}, []),
        ({"reference": "a"}, ["A"]),
        ({"invoice_date_from": "2024-06-02"}, ["C", "B"]),
        ({"invoice_date_to": "2024-06-02"}, ["B", "A"]),
        ({"invoice_date_from": "2024-06-02", "invoice_date_to": "2024-06-02"}, ["B"]),
        ({"project_name": "GR\u00d6SSE"}, ["A"]),
        ({"total_amount_from": "12.34"}, ["B", "A"]),
        ({"total_amount_from": "12.341"}, ["B"]),
        ({"total_amount_to": "12.34"}, ["C", "A"]),
        ({"total_amount_to": "12.339"}, ["C"]),
        ({"total_amount_from": 0, "total_amount_to": "0.00"}, ["C"]),
        ({"total_amount_to": "10000000000000"}, whole),
        ({"recipient_details": "london"}, ["A"]),
        ({"project_ids": one["id"]}, ["A"]),
        ({"project_ids": other["id"]}, ["B"]),
        ({"project_ids": f"{one['id']},{other['id']}"}, ["B", "A"]),
        ([("project_ids[]", one["id"]), ("project_ids[]", NO_SUCH_ID)], ["A"]),
        ({"project_ids": NO_SUCH_ID}, []),
        ({"company_name": "wind l"}, ["A"]),
        ({"company_name": "northwind"}, whole),
        ({"company_details": "ports"}, ["A"]),
        ({"description": "kick"}, ["A"]),
        ({"footer": "0% t"}, ["A"]),
        ({"footer": "%"}, ["A"]),
        ({"footer": "_"}, []),
        ({"has_online_payment_details": "true"}, ["B", "A"]),
        ({"has_online_payment_details": "false"}, ["C"]),
        ({"has_custom_html": "true"}, ["A"]),
        ({"has_custom_html": "false"}, ["C", "B"]),
        ({"show_hours_worked": "true"}, ["C", "B"]),
        ({"show_hours_worked": "false"}, ["A"]),
        ({"show_full_report": "true"}, ["A"]),
        ({"show_user_summaries": "false"}, ["C", "B"]),
        ({"show_project_summaries": "true"}, ["A"]),
        ({"show_project_name_for_expenses": "true"}, ["A"]),
        ({"locale": "de"}, ["A"]),
        ({"locale": "en-US"}, ["C", "B"]),
        ({"currency_code": "EUR"}, ["A"]),
        ({"currency_code": "JPY"}, []),
        ({"currency_symbol": "EU"}, ["A"]),
        ({"currency_symbol": "$"}, ["C", "B"]),
        ({"rate_calculation": "flat_rate"}, ["A"]),
        ({"rate_calculation": "custom_hourly_rates"}, ["B"]),
        ({"rate_calculation": "standard_hourly_rate"}, ["C"]),
        ({"updated_from": "2024-05-21T10:07:00Z"}, ["C", "A"]),
        ({"updated_to": "2024-05-21T12:06:00+02:00"}, ["B"]),
        ({"reference": "", "state": "", "project_ids": ""}, whole),
        ({"state": "paid", "locale": "de", "show_full_report": "true", "project_ids": one["id"]}, ["A"]),
        ({"state": "unpaid", "locale": "de"}, []),
    ):
        assert found(account, query) == expected, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=open", "state"),
        ("reference=%00", "reference"),
        ("invoice_date_from=today", "invoice_date_from"),
        ("invoice_date_to=2024-13-01", "invoice_date_to"),
        ("total_amount_from=much", "total_amount_from"),
        ("total_amount_to=1,5", "total_amount_to"),
        ("project_ids=1,x", "project_ids"),
        ("has_online_payment_details=1", "has_online_payment_details"),
        ("has_custom_html=yes", "has_custom_html"),
        ("show_full_report=TRUE", "show_full_report"),
        ("locale=en-us", "locale"),
        ("currency_code=eur", "currency_code"),
        ("rate_calculation=free", "rate_calculation"),
        ("updated_from=2024-05-21", "updated_from"),
        ("updated_to=now", "updated_to"),
    ],
)
def test_malformed_invoice_filters_are_rejected(account: Account, query: str, field: str) -> None:
    response = account.leader.client.get("/v2/invoices", query)

    assert (response.status, response.codes) == (400, [(field, "invalid")])


def test_invoices_of_other_accounts_are_not_listed(account: Account, other_account: Account) -> None:
    project = make_project(other_account)
    make_invoice(other_account, [], [make_expense(other_account.leader, project)])

    for query in ({}, {"project_ids": project["id"]}, {"state": "unpaid"}):
        assert found(account, query) == []
    assert ids(account.leader.client.get("/v2/invoices").json()) == []
