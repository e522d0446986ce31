"""The public page of an invoice."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from hourhook.domain.decimals import to_json_amount
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.domain.invoices.public_reading import find_by_share_token
from hourhook.settings import RateLimit
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account
from tests.support.clients import Response
from tests.support.factories import (
    give_access,
    ids,
    insert_entries,
    make_entry,
    make_expense,
    make_invoice,
    make_project,
    make_tag,
)
from tests.support.statements import capture_statements

UNKNOWN = "0123456789abcdefghijklmno"
NBSP = "\N{NO-BREAK SPACE}"
FLAGS = (
    "show_hours_worked", "show_full_report", "show_user_summaries", "show_project_summaries",
    "show_project_name_for_expenses",
)  # fmt: skip
EVERYTHING = dict.fromkeys(FLAGS, True)
NOTHING = dict.fromkeys(FLAGS, False)
LABELS = (
    "title", "date", "project", "reference", "total_due", "summary", "project_summary", "user_summary",
    "no_project_name", "work_time", "no_tax", "work_total", "total", "report", "taxable_total", "tax_total",
    "taxfree_total", "total_report",
)  # fmt: skip
HOSTILE = """<script>alert("x")</script><b>'&amp;"""


def test_the_page_shows_the_totals_of_the_invoice(account: Account) -> None:
    invoice = bill(account, taxes=[{"percentage": 20, "name": "VAT"}, {"percentage": 7.75, "name": "City"}])
    text = open_page(account, invoice)

    for name in ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount"):
        assert invoice[f"{name}_with_currency"] in text, name
    # 3 hours at 80, 1 hour at 110, and 49.90.
    assert invoice["taxable_amount"] == 399.9
    assert "VAT 20% $79.98" in text
    assert "City 7.75% $30.99" in text
    assert "Total tax $110.97" in text
    assert invoice["total_amount_with_currency"] == "$522.87"


def test_the_page_shows_the_hours_and_amount_of_each_person(account: Account) -> None:
    text = open_page(account, bill(account))

    assert "Ada Byron 3 hr × $80.00 $240.00 Leader 1 hr × $110.00 $110.00 Total worked 4 hr $350.00" in text


def test_the_header_shows_title_issuer_and_recipient(account: Account) -> None:
    invoice = bill(
        account,
        reference="NW-0042",
        project_name="Harbour maps",
        company_name="Lighthouse Ltd",
        company_details="1 Quay\nPort Haven",
        recipient_details="Contoso\n9 Mill Lane",
    )
    response = account.client.get(invoice["share_url"])
    text = text_of(response)

    assert text.startswith("Invoice NW-0042 · Lighthouse Ltd ")
    assert "Invoice reference NW-0042 Date June 1, 2024 Projects Harbour maps" in text
    assert "1 Quay\nPort Haven" in response.body.decode()
    assert "Contoso\n9 Mill Lane" in response.body.decode()
    assert '<html lang="en-US" dir="ltr">' in response.body.decode()


def test_a_single_tax_is_shown_in_the_total_only(account: Account) -> None:
    text = open_page(account, bill(account, taxes=[{"percentage": 20}]))

    assert "Total taxable $399.90 Total tax 20% $79.98 Total taxfree $12.00 TOTAL $491.88" in text


def test_without_taxes_no_tax_lines_are_shown(account: Account) -> None:
    text = open_page(account, bill(account, expense_ids=[]))

    assert "TOTAL $350.00" in text
    assert not re.search(r"tax", text, re.IGNORECASE)


def test_unbillable_work_is_listed_without_an_amount(account: Account) -> None:
    project = make_project(account, "Pro bono", billable=False)
    make_tag(account, "holiday*")
    entries = [
        make_entry(account.owner, project_id=project["id"], minutes=30),
        make_entry(account.owner, "#holiday", minutes=15),
        make_entry(account.owner, minutes=60),
    ]
    text = open_page(account, bill(account, entry_ids=ids(entries), expense_ids=[], **EVERYTHING))

    assert "Ada Byron 1 hr × $80.00 $80.00 Ada Byron 45 min × $0.00 $0.00 Total worked 1 hr 45 min $80.00" in text
    assert "People summary Ada Byron 1 hr 45 min" in text
    assert text.endswith("TOTAL 1 hr 45 min")


def test_a_flat_rate_is_shown_as_the_price_of_all_hours(account: Account) -> None:
    rates = {"calculation_method": "flat_rate", "flat_rate": 4000}
    text = open_page(account, bill(account, rate_calculation=rates))

    assert "Ada Byron 3 hr Leader 1 hr Total worked 4 hr $4,000.00" in text


@pytest.mark.parametrize("method", ["flat_rate", "standard_hourly_rate"])
def test_hours_are_hidden(account: Account, method: str) -> None:
    rates = {"calculation_method": method, "flat_rate": 4000, "standard_hourly_rate": 80}
    text = open_page(account, bill(account, rate_calculation=rates, **NOTHING))

    assert "Total worked $" in text
    assert not re.search(r"\d (hr|min)\b|×|work time", text)


def test_hours_are_shown(account: Account) -> None:
    assert "work time" in open_page(account, bill(account, **NOTHING | {"show_hours_worked": True}))


def test_the_full_report_is_shown_or_hidden(account: Account) -> None:
    invoice = bill(account, **NOTHING | {"show_full_report": True})
    text = open_page(account, invoice)

    assert "Report Projects work time May 20, 2024 2 hr Website relaunch Wireframes #design Ada Byron 2 hr" in text
    assert "May 21, 2024 2 hr No project Planning Ada Byron 1 hr Website relaunch Leader 1 hr TOTAL 4 hr" in text
    change(account, invoice, show_full_report=False)
    assert "Wireframes" not in open_page(account, invoice)


def test_the_summary_of_people_is_shown_or_hidden(account: Account) -> None:
    invoice = bill(account, **NOTHING | {"show_user_summaries": True})

    assert "People summary Ada Byron 3 hr Leader 1 hr" in open_page(account, invoice)
    change(account, invoice, show_user_summaries=False)
    assert "People summary" not in open_page(account, invoice)


def test_the_summary_of_projects_is_shown_or_hidden(account: Account) -> None:
    invoice = bill(account, **NOTHING | {"show_project_summaries": True})

    assert "Project summary Website relaunch 3 hr No project 1 hr" in open_page(account, invoice)
    change(account, invoice, show_project_summaries=False)
    assert "Project summary" not in open_page(account, invoice)


def test_the_project_of_an_expense_is_shown_or_hidden(account: Account) -> None:
    invoice = bill(account, **NOTHING | {"show_project_name_for_expenses": True})

    assert "Tide tables May 21, 2024 · Website relaunch $49.90" in open_page(account, invoice)
    change(account, invoice, show_project_name_for_expenses=False)
    assert "Tide tables May 21, 2024 $49.90" in open_page(account, invoice)
    assert "Website relaunch" not in open_page(account, invoice).replace("Projects Website relaunch", "")


def test_tax_free_expenses_are_marked(account: Account) -> None:
    assert "Parking May 21, 2024 · no tax $12.00" in open_page(account, bill(account))


def test_an_expense_without_description_shows_its_date(account: Account) -> None:
    expense = make_expense(account.owner, make_project(account, "Atlas"), 3, taxable=False)

    assert "May 21, 2024 · no tax $3.00" in open_page(account, bill(account, expense_ids=[expense["id"]]))


def test_a_long_footer_is_printed_once(account: Account) -> None:
    def is_printed_on_each_page(footer: str) -> bool:
        body = account.client.get(bill(account, footer=footer)["share_url"]).body
        return b'<footer class="prose running"' in body and b'<div class="footer_spacer"' in body

    assert is_printed_on_each_page("Thank you.\nPay soon.")
    assert not is_printed_on_each_page("Terms\n" * 20)
    assert not is_printed_on_each_page("Terms and conditions " * 200)
    assert is_printed_on_each_page("支払条件" * 50)
    assert not is_printed_on_each_page("支払条件" * 150)


def test_every_label_can_be_customized(account: Account) -> None:
    words = {name: f"word-{name}-word" for name in LABELS}
    taxes = [{"percentage": 20, "name": "VAT"}, {"percentage": 5}]
    invoice = bill(account, customization={**words, "locale": "de"}, taxes=taxes, **EVERYTHING)
    text = open_page(account, invoice)

    assert [word for word in words.values() if word not in text] == []
    assert not re.search(
        r"invoice|date|project\b|total\b|summary\b|report\b|tax\b|worked", re.sub(r"word-\w+-word", "", text)
    )
    assert "1. Juni 2024" in text


def test_a_paid_invoice_shows_when_it_was_paid(account: Account) -> None:
    invoice = bill(account)
    assert "Paid" not in open_page(account, invoice)

    assert account.leader.client.put(f"{invoice['url']}/paid").status == 204
    day = account.leader.client.get(invoice["url"]).json()["payment"]["paid_at"][:10]

    assert re.search(
        rf'Paid <span class="on"><time datetime="{day}">', account.client.get(invoice["share_url"]).body.decode()
    )
    change(account, invoice, to="unpaid")
    assert "Paid" not in open_page(account, invoice)


def test_the_lines_of_a_paid_invoice_stay_as_they_were(account: Account) -> None:
    project = make_project(account)
    entries = [make_entry(account.leader, "#b", minutes=60, project_id=project["id"]), make_entry(account.leader)]
    invoice = bill(account, entry_ids=ids(entries), expense_ids=[], show_hours_worked=True)
    account.leader.client.put(f"{invoice['url']}/paid")
    before = open_page(account, invoice)
    [tag] = account.leader.client.get("/v2/tags", {"name": "b"}).json()

    assert account.leader.client.put(project["url"], {"billable": False}).status == 200
    assert account.leader.client.put(tag["url"], {"name": "b*"}).status == 200

    assert open_page(account, invoice) == before
    account.leader.client.put(f"{invoice['url']}/unpaid")
    assert open_page(account, invoice) != before


def test_texts_are_escaped(account: Account) -> None:
    project = make_project(account, HOSTILE)
    entry = make_entry(account.owner, HOSTILE, project_id=project["id"])
    account.owner.client.put("/v2/current_user", {"first_name": HOSTILE[:50]})
    expense = make_expense(account.owner, project, description=HOSTILE, taxable=False)
    texts = (
        "reference",
        "project_name",
        "company_name",
        "company_details",
        "recipient_details",
        "description",
        "footer",
    )
    invoice = bill(
        account,
        entry_ids=[entry["id"]],
        expense_ids=[expense["id"]],
        taxes=[{"percentage": 1, "name": HOSTILE}, {"percentage": 2, "name": HOSTILE}],
        customization={**dict.fromkeys(LABELS, HOSTILE), "currency_symbol": HOSTILE},
        **dict.fromkeys(texts, HOSTILE),
        **EVERYTHING,
    )
    response = account.client.get(invoice["share_url"])
    body = response.body.decode()

    assert response.status == 200
    assert "<script" not in body
    assert "<b>" not in body
    assert text_of(response).count("<script>alert") > len(LABELS) + len(texts)


def test_description_and_footer_are_limited_markdown(account: Account) -> None:
    text = (
        "Thank **you**.\n\n- [pay](https://pay.example)\n- [not](javascript:alert(1))\n- ![no](https://x.example/a.png)"
    )
    body = account.client.get(bill(account, description=text, footer=text)["share_url"]).body.decode()

    # The footer occurs twice: the second one reserves its space in print.
    assert body.count("<strong>you</strong>") == 3
    assert body.count('<a href="https://pay.example" rel="nofollow noopener">') == 3
    assert "<img" not in body
    assert 'href="javascript' not in body


def test_an_empty_footer_is_not_shown(account: Account) -> None:
    assert b"<footer" not in account.client.get(bill(account)["share_url"]).body


@pytest.mark.parametrize(("locale", "amount"), [("ar", "350"), ("he", "350"), ("fa", "۳۵۰")])
def test_some_languages_are_written_from_right_to_left(account: Account, locale: str, amount: str) -> None:
    invoice = bill(account, expense_ids=[], customization={"locale": locale, "currency_symbol": "X"})
    body = account.client.get(invoice["share_url"]).body.decode()

    assert f'<html lang="{locale}" dir="rtl">' in body
    assert amount in body


def test_there_is_a_page_in_every_locale(account: Account) -> None:
    invoice = bill(account, **EVERYTHING)
    change(account, invoice, to="paid")
    change(account, invoice, to="unpaid")
    for locale in LOCALE_CURRENCIES:
        change(account, invoice, customization={"locale": locale, "currency_code": None, "currency_symbol": None})
        shown = account.leader.client.get(invoice["url"]).json()
        response = account.client.get(invoice["share_url"])

        assert response.status == 200, locale
        assert f'<html lang="{locale}" dir=' in response.body.decode()
        assert shown["customization"]["currency_symbol"] in text_of(response)
        assert "2024" in plain_digits(text_of(response))


def test_custom_html_replaces_the_page_in_a_sandbox(account: Account) -> None:
    custom_html = "<!DOCTYPE html>\n<title>Ours</title><script>alert(1)</script><p style='color:red'>Pay</p>"
    response = account.client.get(bill(account, customization={"custom_html": custom_html})["share_url"])

    assert (response.status, response.body.decode()) == (200, custom_html)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.partition(" ")[::2] for part in response.headers["content-security-policy"].split("; "))
    assert policy == {
        "sandbox": "",
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "https: data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert_is_private(response)


def test_custom_html_that_is_not_a_complete_page_is_wrapped(account: Account) -> None:
    custom_html = "<h1>Pay & smile</h1>"
    customization = {"custom_html": custom_html, "locale": "he", "title": "<Bill>"}
    response = account.client.get(bill(account, customization=customization, reference="7")["share_url"])
    body = response.body.decode()

    assert body.startswith('<!doctype html>\n<html lang="he" dir="rtl">')
    assert "<title>&lt;Bill&gt; 7</title>" in body
    assert custom_html in body
    assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none'; ")


def test_the_page_is_neither_cached_indexed_nor_referred(account: Account) -> None:
    response = account.client.get(bill(account)["share_url"])

    assert response.status == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; style-src 'sha256-" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]
    # The policy allows the style by its hash only, so a style attribute would have no effect.
    assert b" style=" not in response.body
    assert_is_private(response)


def test_the_page_shows_nothing_else_of_the_account(account: Account) -> None:
    account.owner.client.put("/v2/current_user", {"first_name": None, "last_name": None})
    body = account.client.get(bill(account, **EVERYTHING)["share_url"]).body.decode()

    assert "@" not in re.sub(r"<style>.*?</style>", "", body, flags=re.DOTALL)
    assert "/v2" not in body
    assert "owner" in body


@pytest.mark.parametrize(
    "token",
    [
        UNKNOWN,
        "x",
        UNKNOWN + "p",
        UNKNOWN.upper(),
        "%00" * 25,
        "a%0A" + UNKNOWN[2:],
        "%3Cscript%3E",
        "%C3%A9" * 25,
        "'" * 25,
    ],
)
def test_an_unknown_token_is_a_404_page(server: Server, token: str) -> None:
    response = server.client.get(f"/i/{token}")

    assert response.status == 404
    assert b"Invoice not found" in response.body
    assert_is_private(response)


def test_a_deleted_invoice_is_a_404(account: Account) -> None:
    invoice = bill(account)
    assert account.leader.client.delete(invoice["url"]).status == 204

    assert account.client.get(invoice["share_url"]).status == 404


def test_an_account_without_invoicing_shares_no_invoices(account: Account) -> None:
    invoice = bill(account)
    account.change_settings(invoicing="off")
    assert account.client.get(invoice["share_url"]).status == 404

    account.change_settings(invoicing="on")
    assert account.client.get(invoice["share_url"]).status == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_unavailable_database_is_a_503_page(account: Account, database_url: str) -> None:
    invoice = bill(account)
    name = urlsplit(database_url).path[1:]
    with psycopg.connect(database_url.replace(f"/{name}", "/postgres"), autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        operator.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            response = account.client.get(invoice["share_url"])
        finally:
            operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert b"not available at the moment" in response.body
    assert_is_private(response)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
@pytest.mark.parametrize("method", ["standard_hourly_rate", "custom_hourly_rates", "flat_rate"])
def test_the_amounts_shown_add_up_exactly(account: Account, currency: str, method: str) -> None:
    project = make_project(account)
    give_access(account, account.coworker, project)
    people = (account.owner, account.leader, account.coworker)
    entries = [
        make_entry(person, minutes=minutes, project_id=project["id"]) for person in people for minutes in (7, 11, 13)
    ]
    expenses = [make_expense(account.owner, project, 0.05), make_expense(account.owner, project, -3.335, taxable=False)]
    rates = {
        "calculation_method": method,
        "standard_hourly_rate": 33.33,
        "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 77.77}],
        "flat_rate": 1234.56,
    }
    invoice = bill(
        account,
        entry_ids=ids(entries),
        expense_ids=ids(expenses),
        rate_calculation=rates,
        taxes=[{"percentage": 7.77}, {"percentage": 19}, {"percentage": 0.01}],
        customization={"currency_code": currency},
    )
    shared = account.database.read_now(find_by_share_token, invoice["share_url"][-25:])

    assert shared is not None
    if method != "flat_rate":
        assert sum(work.amount or 0 for work in shared.work) == shared.hours_amount
    assert shared.hours_amount + sum(e.price for e in shared.expenses if e.taxable) == shared.taxable_amount
    assert sum(e.price for e in shared.expenses if not e.taxable) == shared.taxfree_amount
    assert sum(tax.amount for tax in shared.taxes) == shared.tax_total_amount
    for name in ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount"):
        assert to_json_amount(getattr(shared, name)) == invoice[name]


def test_the_page_allows_get_and_head_only(account: Account) -> None:
    invoice = bill(account)
    head = account.client.request("HEAD", invoice["share_url"])

    assert (head.status, head.body) == (200, b"")
    for method in ("POST", "PUT", "DELETE"):
        assert account.client.request(method, invoice["share_url"]).status == 405


def test_a_large_invoice_is_read_with_as_many_statements_as_a_small_one(account: Account) -> None:
    small = bill(account, expense_ids=[], **EVERYTHING)
    project = make_project(account, "Atlas")
    entries = insert_entries(account, 2000, make_tag(account, "survey"), project)
    large = bill(account, entry_ids=entries, expense_ids=[], **EVERYTHING)
    with capture_statements(account.database) as few:
        assert account.client.get(small["share_url"]).status == 200
    with capture_statements(account.database) as many:
        response = account.client.get(large["share_url"])

    assert response.status == 200
    assert len(many) == len(few) == 5, str(many)
    assert response.body.count(b'class="entry"') == 2000
    assert "Leader 1,000 hr × $110.00 $110,000.00" in text_of(response)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_invoice_pages_are_rate_limited(make_server: MakeServer) -> None:
    client = make_server(rate_limit=RateLimit(1, 3)).client
    statuses = [client.get(f"/i/{UNKNOWN}").status for _ in range(5)]

    assert statuses == [404, 404, 404, 429, 429]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_log_does_not_contain_the_token(server: Server, logged: Logged) -> None:
    server.client.get(f"/i/{UNKNOWN}")

    [line] = [event for event in logged if event["event"] == "request"]
    assert (line["path"], line["status"]) == ("/i/…", 404)
    assert UNKNOWN not in str(logged)


def bill(account: Account, **values: Any) -> dict[str, Any]:
    """Create an invoice of three entries and two expenses, unless others are given."""
    if "entry_ids" not in values:
        of_project = {"project_id": _project(account)["id"]}
        entries = [
            make_entry(account.owner, "Wireframes #design", minutes=120, date="2024-05-20", **of_project),
            make_entry(account.owner, "Planning", minutes=60),
            make_entry(account.leader, minutes=60, **of_project),
        ]
        values["entry_ids"] = ids(entries)
    if "expense_ids" not in values:
        expenses = [
            make_expense(account.owner, _project(account), description="Tide tables"),
            make_expense(account.owner, _project(account), 12, description="Parking", taxable=False),
        ]
        values["expense_ids"] = ids(expenses)
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 110}],
    }
    return make_invoice(account, **{"rate_calculation": rates, **values})


def _project(account: Account) -> dict[str, Any]:
    found = account.leader.client.get("/v2/projects", {"name": "Website relaunch"}).json()
    return found[0] if found else make_project(account, "Website relaunch")


def change(account: Account, invoice: dict[str, Any], to: str | None = None, **values: Any) -> None:
    """Edit an invoice, or change its state."""
    path = f"{invoice['url']}/{to}" if to else invoice["url"]
    assert account.leader.client.put(path, values).status in (200, 204)


def open_page(account: Account, invoice: dict[str, Any]) -> str:
    response = account.client.get(invoice["share_url"])
    assert response.status == 200
    return text_of(response)


def text_of(response: Response) -> str:
    """Return the visible text with normalized whitespace, without the footer spacer and the hint."""
    body = re.sub(
        r"<style>.*?</style>|<div class=\"footer_spacer.*?</div>|<p class=\"hint.*",
        "",
        response.body.decode(),
        flags=re.DOTALL,
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace(NBSP, " ").split())


def plain_digits(text: str) -> str:
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


def assert_is_private(response: Response) -> None:
    assert response.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
