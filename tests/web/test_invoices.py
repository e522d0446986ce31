"""``/invoices``: from unbilled time to paid."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.factories import make_entry, make_expense, make_invoice, make_project, make_tag
from tests.support.oauth_clients import signed_in_browser

STANDARD = {"rate_calculation.calculation_method": "standard_hourly_rate"}


@pytest.fixture
def project(account: Account) -> dict[str, Any]:
    return make_project(account, "Harbour map", account.coworker)


@pytest.fixture
def browser(account: Account) -> Browser:
    return signed_in_browser(account, account.leader)


def invoices_of(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.owner.client.get("/v2/invoices").json()
    return found


def test_unbilled_time_and_expenses_become_an_invoice_that_is_paid(
    account: Account, project: dict[str, Any], browser: Browser
) -> None:
    make_entry(account.owner, minutes=90, project_id=project["id"])
    make_entry(account.coworker, minutes=30, project_id=project["id"])
    make_entry(account.owner, "meeting #admin*", minutes=60, project_id=project["id"])
    make_expense(account.owner, project, price=12.5, taxable=False)
    make_entry(account.owner, minutes=600)

    made = browser.submit_to(
        browser.get("/invoices/new"),
        "/invoices/new",
        projects=str(project["id"]),
        tax_name="VAT",
        tax_percentage="20 %",
        recipient_details="Pier Ltd\nQuay 1",
        **STANDARD,
        **{"rate_calculation.standard_hourly_rate": "80,50"},
    )

    [invoice] = invoices_of(account)
    assert made.headers["location"] == f"/invoices/{invoice['id']}"
    assert (invoice["entries"], invoice["expenses"], invoice["taxable_amount"]) == (3, 1, 161.0)
    assert (invoice["tax_total_amount"], invoice["total_amount"]) == (32.2, 205.7)
    page = browser.get(made.headers["location"]).body.decode()
    for text in ("Invoice 0001", "$205.70", "Pier Ltd", "VAT", "32.20", invoice["share_url"], "Mark as paid"):
        assert text in page
    assert "0001" in browser.get("/invoices").body.decode()

    browser.submit_to(browser.get(made.headers["location"]), f"/invoices/{invoice['id']}/paid")
    assert invoices_of(account)[0]["state"] == "paid"
    page = browser.get(made.headers["location"]).body.decode()
    assert "To change them, mark it as unpaid first." in page
    assert "Edit…" not in page
    assert browser.get(f"/invoices/{invoice['id']}/edit").headers["location"] == f"/invoices/{invoice['id']}"
    browser.submit_to(browser.get(made.headers["location"]), f"/invoices/{invoice['id']}/unpaid")
    assert invoices_of(account)[0]["state"] == "unpaid"


def test_the_preview_is_what_the_invoice_comes_to(account: Account, project: dict[str, Any], browser: Browser) -> None:
    make_entry(account.owner, minutes=60, project_id=project["id"])
    make_entry(account.coworker, minutes=30, project_id=project["id"])
    fields = {
        "projects": str(project["id"]),
        "rate_calculation.calculation_method": "custom_hourly_rates",
        "rate_calculation.standard_hourly_rate": "60",
        f"rate_of_{account.owner.id}": "100",
        "tax_name": "VAT",
        "tax_percentage": "19",
    }
    form = browser.get("/invoices/new")

    # Without script: the button "Preview" leads to the page with the form in its address.
    shown = browser.submit_to(form, "/invoices/new", act="preview", **fields)
    preview = browser.get(shown.headers["location"]).body.decode()
    assert "csrf" not in shown.headers["location"]
    assert invoices_of(account) == []
    browser.submit_to(form, "/invoices/new", **fields)

    [invoice] = invoices_of(account)
    assert invoice["total_amount"] == 154.7
    for text in ("$100.00", "$30.00", "$24.70", "$154.70"):
        assert text in preview
    assert 'value="100"' in preview


def test_rates_left_empty_are_those_of_the_last_invoice(
    account: Account, project: dict[str, Any], browser: Browser
) -> None:
    rates = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 90}
    make_invoice(account, [make_entry(account.owner, project_id=project["id"])], [], rate_calculation=rates)
    make_entry(account.owner, minutes=60, project_id=project["id"])

    page = browser.get(f"/invoices/preview?projects={project['id']}").body.decode()
    browser.submit_to(browser.get("/invoices/new"), "/invoices/new", projects=str(project["id"]), **STANDARD)

    assert "Rates as on invoice 0001." in page
    assert "$90.00" in page
    assert invoices_of(account)[0]["total_amount"] == 90


def test_filters_narrow_what_is_billed(account: Account, project: dict[str, Any], browser: Browser) -> None:
    early = make_entry(account.owner, minutes=60, project_id=project["id"], date="2024-04-30")
    make_entry(account.owner, minutes=60, project_id=project["id"], date="2024-05-02")
    make_entry(account.coworker, minutes=60, project_id=project["id"], date="2024-04-30")

    path = f"/invoices/new?to=2024-04-30&user_ids={account.owner.id}"
    browser.submit_to(browser.get(path), path, projects=str(project["id"]), **STANDARD)

    [invoice] = invoices_of(account)
    found = account.owner.client.get(f"/v2/invoices/{invoice['id']}/entries").json()
    assert [entry["id"] for entry in found] == [early["id"]]


def test_time_without_a_project_is_billed_too(account: Account, project: dict[str, Any], browser: Browser) -> None:
    make_entry(account.owner, minutes=60)
    make_entry(account.owner, minutes=60, project_id=project["id"])

    browser.submit_to(browser.get("/invoices/new"), "/invoices/new", projects="0", **STANDARD)

    [invoice] = invoices_of(account)
    assert (invoice["entries"], invoice["projects"]) == (1, [])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"projects": "999"}, "Tick at least one project"),
        ({"invoice_date": "soon"}, "This is not a date."),
        ({"tax_name": "VAT", "tax_percentage": "much"}, "This is not a percentage."),
        ({"tax_name": "VAT", "tax_percentage": ""}, "Fill in the percentage."),
        ({"rate_calculation.standard_hourly_rate": "a lot"}, "This is not an amount. Write it as 80 or 72.50."),
        ({"rate_calculation.calculation_method": "flat_rate", "rate_calculation.flat_rate": "-"}, "not an amount"),
    ],
)
def test_a_refused_invoice_says_why(
    account: Account, project: dict[str, Any], browser: Browser, fields: dict[str, str], sentence: str
) -> None:
    make_entry(account.owner, project_id=project["id"])
    path = "/invoices/new?from=2024-01-01"
    typed = {"projects": str(project["id"]), "reference": '"><b>7', **STANDARD, **fields}

    response = browser.submit_to(browser.get(path), path, **typed)

    assert response.status == 422
    assert sentence in response.body.decode()
    assert 'value="&#34;&gt;&lt;b&gt;7"' in response.body.decode()
    assert invoices_of(account) == []


def test_an_invoice_is_edited_as_a_whole(account: Account, project: dict[str, Any], browser: Browser) -> None:
    made = make_invoice(account, [make_entry(account.owner, minutes=60, project_id=project["id"])])
    path = f"/invoices/{made['id']}"

    response = browser.submit_to(
        browser.get(f"{path}/edit"),
        f"{path}/edit",
        reference="NW-7",
        footer="Thank you",
        show_full_report="1",
        **{"customization.title": "Rechnung", "customization.currency_code": "EUR", "customization.locale": "de"},
        **{"rate_calculation.calculation_method": "flat_rate", "rate_calculation.flat_rate": "400"},
    )

    assert response.status == 303, response.body
    [invoice] = invoices_of(account)
    assert (invoice["reference"], invoice["footer"], invoice["total_amount"]) == ("NW-7", "Thank you", 400)
    assert (invoice["customization"]["title"], invoice["customization"]["currency_code"]) == ("Rechnung", "EUR")
    assert (invoice["show_full_report"], invoice["show_hours_worked"]) == (True, True)


def test_saving_an_invoice_without_a_change_changes_nothing(
    account: Account, project: dict[str, Any], browser: Browser
) -> None:
    made = make_invoice(account, [make_entry(account.owner, minutes=60, project_id=project["id"])])
    path = f"/invoices/{made['id']}"

    browser.submit_to(browser.get(f"{path}/edit"), f"{path}/edit")

    assert invoices_of(account) == [made]


def test_entries_expenses_and_taxes_are_added_and_taken_off(
    account: Account, project: dict[str, Any], browser: Browser
) -> None:
    first = make_entry(account.owner, minutes=60, project_id=project["id"])
    spent = make_expense(account.owner, project)
    made = make_invoice(account, [first], [])
    make_entry(account.owner, minutes=30, project_id=project["id"])
    path = f"/invoices/{made['id']}"

    browser.submit_to(browser.get(f"{path}/add"), f"{path}/add", projects=str(project["id"]))
    browser.submit_to(browser.get(path), f"{path}/taxes", tax_name="VAT", tax_percentage="7,5")
    [invoice] = invoices_of(account)
    assert (invoice["entries"], invoice["expenses"], invoice["taxes"][0]["percentage"]) == (2, 1, 7.5)

    browser.submit_to(browser.get(f"{path}/entries"), f"{path}/entries", ids=str(first["id"]))
    browser.submit_to(browser.get(f"{path}/expenses"), f"{path}/expenses", ids=str(spent["id"]))
    browser.submit_to(browser.get(path), f"{path}/taxes", tax_ids=str(invoice["taxes"][0]["id"]))
    [invoice] = invoices_of(account)
    assert (invoice["entries"], invoice["expenses"], invoice["taxes"]) == (1, 0, [])

    browser.submit_to(browser.get(f"{path}/entries"), f"{path}/entries", act="remove_all")
    assert invoices_of(account)[0]["entries"] == 0


def test_a_deleted_invoice_releases_its_entries(account: Account, project: dict[str, Any], browser: Browser) -> None:
    made = make_invoice(account, [make_entry(account.owner, project_id=project["id"])])
    path = f"/invoices/{made['id']}"
    page = browser.get(f"{path}/delete")
    assert b"1 entry and 0 expenses stay and can be billed again." in page.body

    browser.submit_to(page, f"{path}/delete")

    assert invoices_of(account) == []
    assert account.owner.client.get("/v2/entries").json()[0]["invoiced_at"] is None


def test_the_list_sums_up_what_matches(account: Account, project: dict[str, Any], browser: Browser) -> None:
    flat = {"calculation_method": "flat_rate", "flat_rate": 1000}
    euros = {"currency_code": "EUR"}
    paid = make_invoice(account, [], [], rate_calculation=flat, reference="A-1")
    make_invoice(account, [], [], rate_calculation=flat, reference="A-2", customization=euros)
    make_invoice(account, [], [], rate_calculation=flat, reference="B-1")
    account.owner.client.put(f"/v2/invoices/{paid['id']}/paid")

    page = browser.get("/invoices?reference=a-").body.decode()

    assert "$1,000.00" in page
    assert "€1,000.00" in page
    assert "B-1" not in page
    assert "A-1" not in browser.get("/invoices?state=unpaid").body.decode()


def test_time_of_an_archived_project_is_not_offered(
    account: Account, project: dict[str, Any], browser: Browser
) -> None:
    make_entry(account.owner, project_id=project["id"])
    account.owner.client.put(f"/v2/projects/{project['id']}/archive")

    assert b"Nothing unbilled matches." in browser.get("/invoices/new").body


def test_a_tag_that_is_not_billable_is_not_billed(account: Account, project: dict[str, Any], browser: Browser) -> None:
    make_tag(account, "admin*")
    make_entry(account.owner, "#admin", minutes=60, project_id=project["id"])

    page = browser.get(
        f"/invoices/preview?projects={project['id']}&rate_calculation.standard_hourly_rate=80"
        "&rate_calculation.calculation_method=standard_hourly_rate"
    ).body.decode()

    assert "$0.00" in page


def test_an_account_without_invoicing_has_no_such_pages(account: Account, browser: Browser) -> None:
    account.change_settings(invoicing="off")

    assert browser.get("/invoices").status == 404
    assert b'href="/invoices"' not in browser.get("/").body


def test_an_invoice_of_another_account_is_not_found(
    account: Account, other_account: Account, project: dict[str, Any], browser: Browser
) -> None:
    made = make_invoice(other_account, [], [])

    for path in ("", "/edit", "/delete", "/entries", "/expenses", "/add"):
        assert browser.get(f"/invoices/{made['id']}{path}").status == 404
