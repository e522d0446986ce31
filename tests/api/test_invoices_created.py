"""``POST /v2/invoices``: inputs, inherited defaults, and ineligible items."""

import re
from typing import Any

import pytest

from tests.api.test_invoices import SIMPLE_PROJECT_KEYS, as_it_is, short
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import (
    NO_SUCH_ID,
    approve,
    archive,
    ids,
    make_entry,
    make_expense,
    make_invoice,
    make_project,
    make_tag,
    mark_as_invoiced,
)

FALLBACKS = {
    "title": "Invoice",
    "date": "Date",
    "project": "Projects",
    "reference": "Invoice reference",
    "total_due": "Total amount due",
    "summary": "Summary",
    "project_summary": "Project summary",
    "user_summary": "People summary",
    "no_project_name": "No project",
    "work_time": "work time",
    "no_tax": "no tax",
    "work_total": "Total worked",
    "total": "TOTAL",
    "report": "Report",
    "locale": "en-US",
    "currency_code": "USD",
    "currency_symbol": "$",
    "taxable_total": "Total taxable",
    "tax_total": "Total tax",
    "taxfree_total": "Total taxfree",
    "total_report": "TOTAL",
    "custom_html": None,
    "allow_paypal_invoice": False,
    "paypal_invoice_title": "0001",
    "paypal_currency_code": "USD",
    "paypal_address": None,
    "allow_stripe_connect_payment": False,
    "stripe_connect_payment_description": "0001",
    "stripe_connect_currency_code": "usd",
    "currency_name": "United States dollar",
    "created_at": "2024-05-21T10:05:00Z",
    "updated_at": "2024-05-21T10:05:00Z",
}


def test_a_minimal_invoice_has_the_documented_defaults(account: Account) -> None:
    log = EventReader(account)

    response = account.leader.client.post("/v2/invoices", {"invoice_date": "2024-06-01"})

    assert response.status == 201
    made = response.json()
    url = f"{account.base_url}/v2/invoices/{made['id']}"
    assert response.headers["location"] == url
    assert re.fullmatch(re.escape(account.base_url) + "/i/[0-9a-z]{25}", made["share_url"])
    assert made == {
        "id": made["id"],
        "state": "unpaid",
        "reference": "0001",
        "invoice_date": "2024-06-01",
        "project_name": "",
        "company_name": "northwind",
        "company_details": "",
        "recipient_details": "",
        "description": "",
        "footer": "",
        "show_hours_worked": True,
        "show_full_report": False,
        "show_user_summaries": False,
        "show_project_summaries": False,
        "show_project_name_for_expenses": False,
        "customization": FALLBACKS,
        "rate_calculation": {
            "calculation_method": "standard_hourly_rate",
            "standard_hourly_rate": 0,
            "custom_hourly_rates": [],
            "flat_rate": None,
        },
        "taxes": [],
        "taxable_amount": 0,
        "taxfree_amount": 0,
        "tax_total_amount": 0,
        "total_amount": 0,
        "taxable_amount_with_currency": "$0.00",
        "taxfree_amount_with_currency": "$0.00",
        "tax_total_amount_with_currency": "$0.00",
        "total_amount_with_currency": "$0.00",
        "payment": None,
        "payment_transactions": [],
        "projects": [],
        "entries": 0,
        "entries_url": f"{url}/entries",
        "expenses": 0,
        "expenses_url": f"{url}/expenses",
        "share_url": made["share_url"],
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
        "url": url,
    }
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("invoice.created", {}, response.body)
    assert account.supervisor.client.get(url).body == response.body


def test_an_invoice_is_created_from_every_input(account: Account, clock: FakeClock) -> None:
    project, other = make_project(account, "Website relaunch"), make_project(account, "API")
    entries = [
        make_entry(account.leader, "Kick-off #planning", project_id=project["id"]),
        make_entry(account.supervisor),
    ]
    expenses = [make_expense(account.leader, other, 49.9), make_expense(account.leader, project, 12, taxable=False)]
    log = EventReader(account)
    clock.advance(seconds=60)
    details = {
        "invoice_date": "2024-06-01",
        "reference": "NW-0042",
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
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80.0,
        "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 95.5}],
    }
    body = details | {
        "rate_calculation": rates,
        "entry_ids": ids(reversed(entries)),
        "expense_ids": ids(reversed(expenses)),
        "taxes": [{"name": "VAT", "percentage": 20.0}, {"percentage": "2.5"}],
        "customization": {"title": "Rechnung", "locale": "de"},
    }

    response = account.leader.client.post("/v2/invoices", body)

    assert response.status == 201
    made = response.json()
    assert {key: made[key] for key in details} == details
    assert made["rate_calculation"] == rates | {
        "custom_hourly_rates": [{"user": account.leader.id, "hourly_rate": 95.5}],
        "flat_rate": None,
    }
    assert [(tax["name"], tax["percentage"]) for tax in made["taxes"]] == [("VAT", 20), (None, 2.5)]
    # 95.50 + 80.00 + 49.90 = 225.40; 20 percent are 45.08, 2.5 percent 5.635.
    assert (made["taxable_amount"], made["taxfree_amount"]) == (225.4, 12)
    assert (made["tax_total_amount"], made["total_amount"]) == (50.72, 288.12)
    assert made["total_amount_with_currency"] == "\u20ac288.12"
    assert made["projects"] == [{key: each[key] for key in SIMPLE_PROJECT_KEYS} for each in (other, project)]
    assert (made["entries"], made["expenses"]) == (2, 2)
    customization = made["customization"]
    assert (customization["title"], customization["currency_name"]) == ("Rechnung", "Euro")
    assert (customization["currency_code"], customization["currency_symbol"]) == ("EUR", "\u20ac")
    assert (customization["paypal_invoice_title"], customization["stripe_connect_payment_description"]) == (
        "NW-0042",
        "NW-0042",
    )
    client = account.supervisor.client
    assert client.get(made["url"]).body == response.body
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("invoice.created", made["id"]),
        ("entry.updated", entries[0]["id"]),
        ("entry.updated.invoiced", entries[0]["id"]),
        ("entry.updated", entries[1]["id"]),
        ("entry.updated.invoiced", entries[1]["id"]),
        ("expense.updated", expenses[0]["id"]),
        ("expense.updated", expenses[1]["id"]),
    ]
    assert events[0].text == response.body
    assert (
        events[1].changes
        == events[2].changes
        == {
            "invoiced_at": [None, "2024-05-21T10:06:00Z"],
            "invoice": [None, short(made)],
        }
    )
    assert list(events[1].changes) == ["invoiced_at", "invoice"]
    assert events[5].changes == {"invoice": [None, short(made)]}
    for each, event in zip([*entries, *expenses], [events[1], events[3], events[5], events[6]], strict=True):
        assert client.get(each["url"]).body == event.text
        assert event.object["updated_at"] == "2024-05-21T10:06:00Z"


def test_inputs_are_accepted_as_strings(account: Account) -> None:
    entry = make_entry(account.leader)

    made = make_invoice(
        account,
        entry_ids=str(entry["id"]),
        show_full_report="true",
        rate_calculation={
            "calculation_method": "custom_hourly_rates",
            "standard_hourly_rate": "0",
            "custom_hourly_rates": [{"user": str(account.leader.id), "hourly_rate": "95.50"}],
        },
        taxes=[{"percentage": "20.00"}],
    )

    assert (made["entries"], made["show_full_report"], made["total_amount"]) == (1, True, 114.6)


def test_scalar_inputs_are_accepted_in_the_query(account: Account) -> None:
    entry = make_entry(account.leader)
    query = {"invoice_date": "2024-06-01", "entry_ids": entry["id"], "footer": "Thanks"}

    made = account.leader.client.post("/v2/invoices", query=query).json()
    assert (made["entries"], made["footer"]) == (1, "Thanks")
    response = account.leader.client.post("/v2/invoices", query=query | {"customization": "{}", "taxes": "20"})
    assert response.codes == [("customization", "invalid"), ("taxes", "invalid"), ("entry_ids[0]", "already_invoiced")]


def test_a_rate_accepts_user_as_an_alias_of_user_id(account: Account) -> None:
    def rate(**user: int) -> Any:
        rates = [{**user, "hourly_rate": 1}]
        body = {
            "calculation_method": "custom_hourly_rates", "standard_hourly_rate": 0, "custom_hourly_rates": rates,
        }  # fmt: skip
        return make_invoice(account, rate_calculation=body)["rate_calculation"]["custom_hourly_rates"]

    assert rate(user=account.leader.id) == [{"user": account.leader.id, "hourly_rate": 1}]
    assert rate(user=NO_SUCH_ID, user_id=account.leader.id) == [{"user": account.leader.id, "hourly_rate": 1}]


def test_rates_unused_by_the_method_are_kept_except_custom_ones(account: Account) -> None:
    given = {
        "calculation_method": "flat_rate",
        "flat_rate": 4000,
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [{"user_id": "nobody"}, 5],
    }

    made = make_invoice(account, rate_calculation=given)

    assert made["rate_calculation"] == given | {"custom_hourly_rates": []}


# References


def test_references_increment_the_newest_numeric_one(account: Account) -> None:
    assert [make_invoice(account)["reference"] for _ in range(2)] == ["0001", "0002"]
    make_invoice(account, reference="NW-0099")
    assert make_invoice(account)["reference"] == "NW-0100"
    make_invoice(account, reference="draft")
    assert make_invoice(account, reference=None)["reference"] == "NW-0101"
    make_invoice(account, reference="7", invoice_date="2020-01-01")
    assert make_invoice(account, reference="")["reference"] == "8"


def test_a_reference_may_be_used_twice(account: Account) -> None:
    assert [make_invoice(account, reference="A")["reference"] for _ in range(2)] == ["A", "A"]


def test_references_of_another_account_are_ignored(account: Account, other_account: Account) -> None:
    make_invoice(other_account, reference="77")

    assert make_invoice(account)["reference"] == "0001"


# Inherited defaults


def test_an_invoice_is_named_after_its_projects(account: Account) -> None:
    website, support = make_project(account, "website"), make_project(account, "Support")
    entries = [make_entry(account.leader, project_id=website["id"]) for _ in range(2)]
    expense = make_expense(account.leader, support)

    assert make_invoice(account, entries, [expense])["project_name"] == "Support, website"
    assert (
        make_invoice(account, [make_entry(account.leader, project_id=website["id"])], project_name="")["project_name"]
        == ""
    )


def test_defaults_come_from_the_newest_invoice_sharing_a_project(account: Account) -> None:
    project, other = make_project(account, "One"), make_project(account, "Other")
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [
            {"user_id": account.supervisor.id, "hourly_rate": 100},
            {"user_id": account.leader.id, "hourly_rate": 90},
        ],
    }
    customization = {
        "title": "Rechnung",
        "locale": "de-CH",
        "currency_symbol": "Fr.",
        "custom_html": "<p>",
        "paypal_invoice": {
            "paypal_address": "pay@northwind.test", "paypal_invoice_title": "Ours", "paypal_currency_code": "CHF",
        },
        "stripe_connect_payment": {"payment_description": "Ours", "currency_code": "CHF"},
    }  # fmt: skip
    addresses = {"company_name": "Northwind Ltd", "company_details": "Portsmouth", "recipient_details": "Contoso"}
    not_taken_over = {
        "description": "Thanks", "footer": "Page", "project_name": "Mine", "show_hours_worked": False,
        "show_full_report": True, "taxes": [{"percentage": 20}],
    }  # fmt: skip
    first = make_invoice(
        account,
        [],
        [make_expense(account.leader, project)],
        rate_calculation=rates,
        customization=customization,
        **addresses,
        **not_taken_over,
    )
    make_invoice(account, [], [make_expense(account.leader, other)], customization={"title": "Facture"})

    made = make_invoice(account, [make_entry(account.leader, project_id=project["id"])])

    assert {key: made[key] for key in addresses} == addresses
    assert made["rate_calculation"] == first["rate_calculation"]
    assert made["rate_calculation"]["custom_hourly_rates"] == [
        {"user": account.supervisor.id, "hourly_rate": 100},
        {"user": account.leader.id, "hourly_rate": 90},
    ]
    assert made["customization"] == first["customization"] | {
        "paypal_invoice_title": made["reference"],
        "stripe_connect_payment_description": made["reference"],
    }
    assert first["customization"]["currency_code"] == "CHF"
    assert first["customization"]["allow_paypal_invoice"] is True
    assert (made["project_name"], made["description"], made["footer"], made["taxes"]) == ("One", "", "", [])
    assert (made["show_hours_worked"], made["show_full_report"]) == (True, False)
    # This one is the newest now, whatever its date.
    newest = make_invoice(
        account,
        [make_entry(account.leader, project_id=project["id"])],
        invoice_date="2020-01-01",
        company_name="New Ltd",
    )
    third = make_invoice(account, [], [make_expense(account.leader, project), make_expense(account.leader, other)])
    assert (third["company_name"], third["recipient_details"]) == (newest["company_name"], "Contoso")
    assert make_invoice(account)["company_name"] == "northwind"


def test_given_values_override_inherited_defaults(account: Account) -> None:
    project = make_project(account)
    make_invoice(
        account,
        [],
        [make_expense(account.leader, project)],
        company_details="Portsmouth",
        customization={"locale": "de", "title": "Rechnung", "allow_paypal_invoice": True, "paypal_address": "x"},
        rate_calculation={"calculation_method": "flat_rate", "flat_rate": 5},
    )

    made = make_invoice(
        account,
        [],
        [make_expense(account.leader, project)],
        company_details="",
        customization={"currency_code": "CHF", "title": None, "paypal_invoice": None},
        rate_calculation={"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 7},
    )

    assert made["company_details"] == ""
    assert made["rate_calculation"]["flat_rate"] is None
    customization = made["customization"]
    assert (customization["locale"], customization["title"]) == ("de", "Invoice")
    assert (customization["currency_code"], customization["currency_symbol"]) == ("CHF", "SFr.")
    assert (customization["allow_paypal_invoice"], customization["paypal_address"]) == (False, "x")


# Customization


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"locale": "ja"}, {"locale": "ja", "currency_code": "JPY", "currency_symbol": "\u00a5"}),
        ({"locale": "de", "currency_code": "USD"}, {"locale": "de", "currency_code": "USD", "currency_symbol": "$"}),
        ({"currency_code": "AZN"}, {"locale": "en-US", "currency_symbol": "\u20bc"}),
        ({"currency_symbol": "US$"}, {"currency_code": "USD", "currency_symbol": "US$"}),
        (
            {"locale": "", "currency_code": None, "currency_symbol": ""},
            {"currency_code": "USD", "currency_symbol": "$"},
        ),
        ({"title": " ", "date": ""}, {"title": "Invoice", "date": "Date"}),
        ({"custom_html": " \n"}, {"custom_html": None}),
        (
            {"paypal_invoice": {}},
            {"allow_paypal_invoice": True, "paypal_invoice_title": "0001", "paypal_address": None},
        ),
        ({"paypal_invoice": None}, {"allow_paypal_invoice": False}),
        ({"stripe_connect_payment": {}}, {"allow_stripe_connect_payment": True, "allow_paypal_invoice": False}),
        (
            {"stripe_connect_payment": {"payment_description": "Work", "currency_code": "EUR"}},
            {"stripe_connect_payment_description": "Work", "stripe_connect_currency_code": "eur"},
        ),
        (
            {"paypal_address": "flat", "paypal_currency_code": "EUR", "paypal_invoice_title": "flat"},
            {"paypal_address": "flat", "paypal_currency_code": "EUR", "paypal_invoice_title": "flat"},
        ),
        (
            {"paypal_address": "flat", "paypal_currency_code": "EUR", "paypal_invoice": {"paypal_address": "nested"}},
            {"paypal_address": "nested", "paypal_currency_code": "EUR", "allow_paypal_invoice": True},
        ),
        ({"allow_paypal_invoice": True}, {"allow_paypal_invoice": True}),
        ({"allow_paypal_invoice": False, "paypal_invoice": {}}, {"allow_paypal_invoice": True}),
        ({"allow_paypal_invoice": "true", "paypal_invoice": None}, {"allow_paypal_invoice": False}),
        (
            {"paypal_invoice_title": None, "paypal_currency_code": ""},
            {"paypal_invoice_title": None, "paypal_currency_code": "USD"},
        ),
        (None, {"title": "Invoice"}),
        ({"unknown": 1, "currency_name": "Gold", "created_at": "x"}, {"currency_name": "United States dollar"}),
    ],
)
def test_a_customization_accepts_both_spellings(account: Account, given: Any, shown: dict[str, Any]) -> None:
    made = make_invoice(account, customization=given)

    assert {key: made["customization"][key] for key in shown} == shown
    assert as_it_is(account, made) == made


# Errors


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"invoice_date": None}, [("invoice_date", "missing_field")]),
        ({"invoice_date": "2024-02-30"}, [("invoice_date", "invalid")]),
        ({"reference": 5}, [("reference", "invalid")]),
        ({"reference": "x" * 256}, [("reference", "invalid")]),
        ({"reference": "two\nlines"}, [("reference", "invalid")]),
        ({"description": "x" * 65_536}, [("description", "invalid")]),
        ({"footer": "nul \0"}, [("footer", "invalid")]),
        ({"show_full_report": "yes"}, [("show_full_report", "invalid")]),
        ({"entry_ids": 5}, [("entry_ids", "invalid")]),
        ({"expense_ids": [1.5]}, [("expense_ids[0]", "invalid")]),
        ({"rate_calculation": "flat"}, [("rate_calculation", "invalid")]),
        ({"rate_calculation": []}, [("rate_calculation", "invalid")]),
        ({"rate_calculation": {}}, [("rate_calculation.calculation_method", "missing_field")]),
        ({"rate_calculation": {"calculation_method": "hourly"}}, [("rate_calculation.calculation_method", "invalid")]),
        (
            {"rate_calculation": {"calculation_method": "flat_rate"}},
            [("rate_calculation.flat_rate", "missing_field")],
        ),
        (
            {"rate_calculation": {"calculation_method": "flat_rate", "flat_rate": "much"}},
            [("rate_calculation.flat_rate", "invalid")],
        ),
        (
            {"rate_calculation": {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": None}},
            [("rate_calculation.standard_hourly_rate", "missing_field")],
        ),
        (
            {"rate_calculation": {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": -1}},
            [("rate_calculation.standard_hourly_rate", "invalid")],
        ),
        (
            {"rate_calculation": {"calculation_method": "custom_hourly_rates"}},
            [
                ("rate_calculation.standard_hourly_rate", "missing_field"),
                ("rate_calculation.custom_hourly_rates", "missing_field"),
            ],
        ),
        (
            {
                "rate_calculation": {
                    "calculation_method": "custom_hourly_rates",
                    "standard_hourly_rate": 1,
                    "custom_hourly_rates": [
                        {},
                        5,
                        {"user_id": 1, "hourly_rate": "x"},
                        None,
                        {"user_id": NO_SUCH_ID, "hourly_rate": 1},
                    ],
                }
            },
            [
                ("rate_calculation.custom_hourly_rates[0].user_id", "missing_field"),
                ("rate_calculation.custom_hourly_rates[0].hourly_rate", "missing_field"),
                ("rate_calculation.custom_hourly_rates[1]", "invalid"),
                ("rate_calculation.custom_hourly_rates[2].hourly_rate", "invalid"),
                ("rate_calculation.custom_hourly_rates[3]", "invalid"),
                ("rate_calculation.custom_hourly_rates[4].user_id", "missing"),
            ],
        ),
        ({"customization": 5}, [("customization", "invalid")]),
        ({"customization": {"locale": "en-XX"}}, [("customization.locale", "locale_not_available")]),
        ({"customization": {"locale": "EN-US"}}, [("customization.locale", "locale_not_available")]),
        ({"customization": {"locale": 5}}, [("customization.locale", "invalid")]),
        ({"customization": {"currency_code": "usd"}}, [("customization.currency_code", "invalid")]),
        ({"customization": {"currency_code": "XXX"}}, [("customization.currency_code", "invalid")]),
        ({"customization": {"title": "x" * 256}}, [("customization.title", "invalid")]),
        ({"customization": {"paypal_invoice": 5}}, [("customization.paypal_invoice", "invalid")]),
        (
            {"customization": {"paypal_invoice": {"paypal_currency_code": "gold", "paypal_address": []}}},
            [
                ("customization.paypal_invoice.paypal_address", "invalid"),
                ("customization.paypal_invoice.paypal_currency_code", "invalid"),
            ],
        ),
        (
            {"customization": {"stripe_connect_payment": {"currency_code": "gold"}}},
            [("customization.stripe_connect_payment.currency_code", "invalid")],
        ),
        ({"taxes": {"percentage": 5}}, [("taxes", "invalid")]),
        ({"taxes": [{"percentage": 1}] * 101}, [("taxes", "invalid")]),
        (
            {
                "taxes": [
                    {"name": "VAT"},
                    {"percentage": "x", "name": 5},
                    {"percentage": 100.5},
                    5,
                    {"percentage": None},
                ]
            },
            [
                ("taxes[0].percentage", "missing_field"),
                ("taxes[1].percentage", "invalid"),
                ("taxes[1].name", "invalid"),
                ("taxes[2].percentage", "invalid"),
                ("taxes[3]", "invalid"),
                ("taxes[4].percentage", "missing_field"),
            ],
        ),
        (
            {
                "reference": 5,
                "rate_calculation": {},
                "customization": {"locale": "x"},
                "taxes": [{}],
                "invoice_date": 1,
            },
            [
                ("reference", "invalid"),
                ("rate_calculation.calculation_method", "missing_field"),
                ("customization.locale", "locale_not_available"),
                ("invoice_date", "invalid"),
                ("taxes[0].percentage", "missing_field"),
            ],
        ),
    ],
)
def test_malformed_input_reports_every_error(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    log = EventReader(account)

    response = account.leader.client.post("/v2/invoices", {"invoice_date": "2024-06-01"} | body)

    assert response.status == 400
    assert response.codes == faults
    assert response.json()["message"] == "Validation Failed"
    assert {error["resource"] for error in response.json()["errors"]} == {"Invoice"}
    assert log.read_new() == []
    assert account.leader.client.get("/v2/invoices").json() == []


def test_a_user_has_one_rate(account: Account) -> None:
    rates = [{"user_id": account.leader.id, "hourly_rate": rate} for rate in (1, 2)]
    given = {"calculation_method": "custom_hourly_rates", "standard_hourly_rate": 0, "custom_hourly_rates": rates}

    response = account.leader.client.post("/v2/invoices", {"invoice_date": "2024-06-01", "rate_calculation": given})

    assert response.codes == [("rate_calculation.custom_hourly_rates[1].user_id", "invalid")]


def test_rates_for_users_of_another_account_are_rejected(account: Account, other_account: Account) -> None:
    rates = [{"user_id": other_account.leader.id, "hourly_rate": 1}]
    given = {"calculation_method": "custom_hourly_rates", "standard_hourly_rate": 0, "custom_hourly_rates": rates}

    response = account.leader.client.post("/v2/invoices", {"invoice_date": "2024-06-01", "rate_calculation": given})

    assert response.codes == [("rate_calculation.custom_hourly_rates[0].user_id", "missing")]


def test_one_ineligible_item_prevents_the_invoice(account: Account, other_account: Account) -> None:
    project, frozen = make_project(account, "Open"), make_project(account, "Frozen")
    good, bad = (
        make_entry(account.leader, project_id=project["id"]),
        make_entry(account.leader, project_id=frozen["id"]),
    )
    outside, taken = make_entry(account.leader), make_entry(account.leader, project_id=frozen["id"])
    mark_as_invoiced(account, outside)
    costs, old_costs = make_expense(account.leader, project), make_expense(account.leader, frozen)
    taken_costs = make_expense(account.leader, project)
    make_invoice(account, [taken], [taken_costs])
    archive(account, frozen)
    theirs = make_entry(other_account.leader)
    log = EventReader(account)

    def post(entry_ids: Any, expense_ids: Any, **more: Any) -> Any:
        body = {"invoice_date": "2024-06-01", "entry_ids": entry_ids, "expense_ids": expense_ids, **more}
        response = account.leader.client.post("/v2/invoices", body)
        assert response.status == 400
        return response.refusal

    both = post(
        [good["id"], bad["id"], outside["id"], taken["id"], theirs["id"], NO_SUCH_ID, 10**25, bad["id"]],
        [costs["id"], old_costs["id"], taken_costs["id"], NO_SUCH_ID],
    )
    assert both == {
        "message": "Entries or Expenses could not be added",
        "errors": [
            {"resource": "Entry", "field": "entry_ids[1]", "code": "archived_project"},
            {"resource": "Entry", "field": "entry_ids[2]", "code": "already_invoiced"},
            {"resource": "Entry", "field": "entry_ids[3]", "code": "already_invoiced"},
            {"resource": "Entry", "field": "entry_ids[4]", "code": "missing"},
            {"resource": "Entry", "field": "entry_ids[5]", "code": "missing"},
            {"resource": "Entry", "field": "entry_ids[6]", "code": "missing"},
            {"resource": "Entry", "field": "entry_ids[7]", "code": "archived_project"},
            {"resource": "Expense", "field": "expense_ids[1]", "code": "archived_project"},
            {"resource": "Expense", "field": "expense_ids[2]", "code": "already_invoiced"},
            {"resource": "Expense", "field": "expense_ids[3]", "code": "missing"},
        ],
    }
    assert post([good["id"]], [NO_SUCH_ID])["message"] == "Entries or Expenses could not be added"
    assert post([NO_SUCH_ID], [])["message"] == "Entries could not be added"
    assert post(None, [costs["id"], NO_SUCH_ID]) == {
        "message": "Expenses could not be added",
        "errors": [{"resource": "Expense", "field": "expense_ids[1]", "code": "missing"}],
    }
    assert post([NO_SUCH_ID], [], footer=5) == {
        "message": "Validation Failed",
        "errors": [
            {"resource": "Invoice", "field": "footer", "code": "invalid"},
            {"resource": "Entry", "field": "entry_ids[0]", "code": "missing"},
        ],
    }
    assert log.read_new() == []
    assert len(account.leader.client.get("/v2/invoices").json()) == 1
    assert account.leader.client.get(good["url"]).json() == good


def test_approved_and_unbillable_entries_can_be_invoiced(account: Account) -> None:
    make_tag(account, "holiday*")
    approved, unbillable = make_entry(account.leader), make_entry(account.leader, "#holiday")
    approve(account, approved)

    made = make_invoice(
        account,
        [approved, unbillable, approved],
        rate_calculation={"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 60},
    )

    assert (made["entries"], made["total_amount"]) == (2, 60)
