"""``PUT /v2/invoices/:id``: edit invoices."""

from typing import Any

import pytest

from tests.api.test_invoices import as_it_is
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, make_entry, make_expense, make_invoice, make_project


def test_an_edit_raises_invoice_updated_with_the_changes(account: Account, clock: FakeClock) -> None:
    before = make_invoice(account, [make_entry(account.leader)], taxes=[{"percentage": 10}])
    log = EventReader(account)
    clock.advance(seconds=60)
    details = {
        "reference": "NW-0042",
        "invoice_date": "2024-06-02",
        "project_name": "Relaunch",
        "company_name": "Northwind Ltd",
        "company_details": "4 Harbour Road\nPortsmouth",
        "recipient_details": "Contoso",
        "description": "**Thanks**",
        "footer": "Page",
        "show_hours_worked": False,
        "show_full_report": True,
        "show_user_summaries": True,
        "show_project_summaries": True,
        "show_project_name_for_expenses": True,
    }
    rates = {"calculation_method": "flat_rate", "flat_rate": 100}
    body = details | {"rate_calculation": rates, "customization": {"title": "Rechnung"}}

    response = account.leader.client.put(before["url"], body)

    assert response.status == 200
    after = response.json()
    assert {key: after[key] for key in details} == details
    assert after["customization"] == before["customization"] | {
        "title": "Rechnung",
        "updated_at": "2024-05-21T10:06:00Z",
    }
    assert (after["updated_at"], after["created_at"]) == ("2024-05-21T10:06:00Z", before["created_at"])
    assert (after["total_amount"], after["total_amount_with_currency"]) == (110, "$110.00")
    [event] = log.read_new()
    assert (event.type, event.text) == ("invoice.updated", response.body)
    assert {*event.changes} == {
        *details, "customization", "rate_calculation", "taxable_amount", "tax_total_amount", "total_amount",
        "taxable_amount_with_currency", "tax_total_amount_with_currency", "total_amount_with_currency",
    }  # fmt: skip
    assert event.changes == {key: [before[key], after[key]] for key in event.changes}
    assert account.supervisor.client.get(before["url"]).body == response.body


def test_absent_keys_stay_also_within_the_customization(account: Account) -> None:
    before = make_invoice(
        account,
        reference="A",
        footer="Page",
        show_full_report=True,
        customization={
            "title": "Rechnung", "locale": "de", "custom_html": "<p>", "paypal_invoice": {"paypal_address": "x"},
        },
        rate_calculation={"calculation_method": "flat_rate", "flat_rate": 100, "standard_hourly_rate": 5},
        taxes=[{"percentage": 5}],
    )  # fmt: skip

    after = account.leader.client.put(before["url"], {"customization": {"date": "Datum"}}).json()

    assert after == before | {"customization": before["customization"] | {"date": "Datum"}}
    # Nor are the defaults of a new invoice derived again.
    after = account.leader.client.put(before["url"], {"customization": {"currency_code": "USD"}}).json()
    assert (after["customization"]["currency_code"], after["customization"]["currency_symbol"]) == ("USD", "\u20ac")
    after = account.leader.client.put(before["url"], {"reference": "B"}).json()
    assert after["customization"]["paypal_invoice_title"] == "A"


def test_a_rate_calculation_is_replaced_as_a_whole(account: Account) -> None:
    rates: dict[str, Any] = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "flat_rate": 4000,
        "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 95.5}],
    }
    entry = make_entry(account.leader)
    made = make_invoice(account, [entry], rate_calculation=rates)
    assert made["total_amount"] == 95.5
    client = account.leader.client

    other = {"custom_hourly_rates": [{"user_id": account.supervisor.id, "hourly_rate": 1}], "standard_hourly_rate": 2}
    after = client.put(made["url"], {"rate_calculation": {"calculation_method": "custom_hourly_rates"} | other}).json()
    assert after["rate_calculation"] == {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 2,
        "custom_hourly_rates": [{"user": account.supervisor.id, "hourly_rate": 1}],
        "flat_rate": None,
    }
    assert after["total_amount"] == 2
    after = client.put(made["url"], {"rate_calculation": {"calculation_method": "flat_rate", "flat_rate": 7}}).json()
    assert after["rate_calculation"] == {
        "calculation_method": "flat_rate", "standard_hourly_rate": None, "custom_hourly_rates": [], "flat_rate": 7,
    }  # fmt: skip
    assert after["total_amount"] == 7
    assert client.get(entry["url"]).json()["invoice"]["total_amount"] == 7


def test_blank_values_reset_to_their_defaults(account: Account) -> None:
    made = make_invoice(
        account,
        reference="A",
        company_name="Ltd",
        recipient_details="Contoso",
        show_hours_worked=False,
        show_full_report=True,
        customization={"title": "Rechnung", "locale": "de", "custom_html": "<p>", "paypal_invoice": {}},
    )
    blank: dict[str, Any] = {
        "reference": None, "company_name": "", "recipient_details": None, "show_hours_worked": None,
        "show_full_report": "", "rate_calculation": None,
        "customization": {
            "title": None, "locale": "", "currency_code": None, "currency_symbol": None, "custom_html": "",
            "paypal_invoice": None, "paypal_invoice_title": "",
        },
    }  # fmt: skip

    after = account.leader.client.put(made["url"], blank).json()

    assert (after["reference"], after["company_name"], after["recipient_details"]) == ("", "", "")
    assert (after["show_hours_worked"], after["show_full_report"]) == (True, False)
    assert after["rate_calculation"] == made["rate_calculation"]
    customization = after["customization"]
    assert (customization["title"], customization["locale"]) == ("Invoice", "en-US")
    assert (customization["currency_code"], customization["currency_symbol"]) == ("USD", "$")
    assert (customization["custom_html"], customization["allow_paypal_invoice"]) == (None, False)
    assert customization["paypal_invoice_title"] is None


def test_changing_the_currency_rounds_the_amounts_again(account: Account) -> None:
    rates = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 100.4}
    made = make_invoice(account, [make_entry(account.leader)], rate_calculation=rates, customization={"locale": "ja"})
    assert (made["total_amount"], made["total_amount_with_currency"]) == (100, "\u00a5100")

    client = account.leader.client
    after = client.put(made["url"], {"customization": {"currency_code": "USD", "currency_symbol": "$"}}).json()

    assert (after["total_amount"], after["total_amount_with_currency"]) == (100.4, "$100.40")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"footer": "", "show_hours_worked": True, "customization": {}, "invoice_date": "2024-06-01"},
        {"reference": "0001", "customization": {"title": "Invoice", "locale": "en-US", "paypal_invoice": None}},
        {"rate_calculation": {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": "0.00"}},
        {"entry_ids": [NO_SUCH_ID], "taxes": [{"percentage": 5}], "state": "paid", "total_amount": 5},
    ],
)
def test_an_edit_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock, body: Any) -> None:
    made = make_invoice(account)
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(made["url"], body)

    assert (response.status, response.json()) == (200, made)
    assert log.read_new() == []
    assert as_it_is(account, made) == made


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"invoice_date": None}, [("invoice_date", "missing_field")]),
        ({"invoice_date": "today", "footer": 5}, [("footer", "invalid"), ("invoice_date", "invalid")]),
        ({"customization": {"locale": "en-XX"}}, [("customization.locale", "locale_not_available")]),
        ({"customization": {"title": []}}, [("customization.title", "invalid")]),
        ({"rate_calculation": {}}, [("rate_calculation.calculation_method", "missing_field")]),
        (
            {"rate_calculation": {"calculation_method": "flat_rate", "standard_hourly_rate": "x"}},
            [
                ("rate_calculation.standard_hourly_rate", "invalid"),
                ("rate_calculation.flat_rate", "missing_field"),
            ],
        ),
    ],
)
def test_a_malformed_edit_is_rejected(account: Account, body: Any, faults: list[tuple[str, str]]) -> None:
    made = make_invoice(account)
    log = EventReader(account)

    response = account.leader.client.put(made["url"], body)

    assert (response.status, response.codes) == (400, faults)
    assert log.read_new() == []
    assert as_it_is(account, made) == made


def test_search_finds_the_edited_text(account: Account) -> None:
    made = make_invoice(account, reference="OLD")
    account.leader.client.put(made["url"], {"reference": "N\u00c4W"})

    def count(reference: str) -> int:
        return len(account.leader.client.get("/v2/invoices", {"reference": reference}).json())

    assert (count("old"), count("n\u00e4w")) == (0, 1)


def test_an_edit_leaves_other_invoices_alone(account: Account, other_account: Account) -> None:
    made, other, theirs = make_invoice(account), make_invoice(account), make_invoice(other_account)

    account.leader.client.put(made["url"], {"footer": "Page", "customization": {"title": "X"}})

    assert as_it_is(account, other) == other
    assert as_it_is(other_account, theirs) == theirs


def test_items_show_the_edited_invoice_without_an_event(account: Account) -> None:
    project = make_project(account)
    entry, expense = make_entry(account.leader, project_id=project["id"]), make_expense(account.leader, project)
    made = make_invoice(account, [entry], [expense])
    log = EventReader(account)

    account.leader.client.put(made["url"], {"reference": "NEW", "invoice_date": "2024-07-01"})

    for each in (entry, expense):
        shown = account.leader.client.get(each["url"]).json()["invoice"]
        assert (shown["reference"], shown["invoice_date"]) == ("NEW", "2024-07-01")
    assert account.leader.client.get(project["url"]).json()["invoices"][0]["reference"] == "NEW"
    assert log.read_new_types() == ["invoice.updated"]
