"""The same change made in a page and by the API gives the same events, byte for byte but for ids and times."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.events_of import EventReader
from tests.support.factories import make_entry, make_expense, make_invoice, make_project, make_tag
from tests.support.oauth_clients import signed_in_browser

Made = dict[str, Any]
Act = Callable[[Account, Made], object]


def page(path: str, *, on: str = "", **fields: str) -> Act:
    """Return the act of sending a form, which is on the page with its own path or on another one."""

    def act(account: Account, made: Made) -> None:
        browser: Browser = signed_in_browser(account, account.supervisor)
        action, shown = path.format(**made), (on or path).format(**made)
        given = {name.replace("__", "."): value.format(**made) for name, value in fields.items()}
        response = browser.submit_to(browser.get(shown), action, **given)
        assert response.status == 303, response.body

    return act


def api(method: str, path: str, **body: Any) -> Act:
    def act(account: Account, made: Made) -> None:
        given = {name: made.get(str(value), value) for name, value in body.items()}
        sent = {"body": given} if given else {}
        response = account.supervisor.client.request(method, path.format(**made), **sent)
        assert response.status < 300, response.body

    return act


ACTS: dict[str, tuple[Act, Act]] = {
    "entry created": (
        page("/entries/new", date="2024-05-02", minutes="1:15", project_id="{project}", description="a #lamp"),
        api("POST", "/v2/entries", date="2024-05-02", minutes=75, project_id="project", description="a #lamp"),
    ),
    "entry logged on the line": (
        page("/log", on="/", line="75m {name} a #lamp 2.5.2024"),
        api("POST", "/v2/entries", date="2024-05-02", minutes=75, project_id="project", description="a #lamp"),
    ),
    "entry edited": (
        page("/entries/{entry}/edit", minutes="45m", description="#tea"),
        api("PUT", "/v2/entries/{entry}", minutes=45, description="#tea"),
    ),
    "entry approved": (page("/entries/{entry}", act="approve"), api("PUT", "/v2/entries/{entry}/approved")),
    "entry deleted": (
        page("/entries/delete", on="/entries/{entry}/delete"),
        api("DELETE", "/v2/entries/{entry}"),
    ),
    "expense created": (
        page("/expenses/new", date="2024-05-02", price="12,50", project_id="{project}", description="tea"),
        api(
            "POST", "/v2/expenses", date="2024-05-02", price=12.5, project_id="project", description="tea", taxable=True
        ),
    ),
    "expense edited": (
        page("/expenses/{expense}/edit", price="7"),
        api("PUT", "/v2/expenses/{expense}", date="2024-05-21", project_id="project", description="boat", price=7),
    ),
    "project created": (
        page("/projects/new", name="Pilots", budgeted_minutes="40"),
        api("POST", "/v2/projects", name="Pilots", budgeted_minutes=2400),
    ),
    "project archived": (page("/projects/{project}/archive"), api("PUT", "/v2/projects/{project}/archive")),
    "tag renamed": (page("/tags/{tag}/edit", name="beacon"), api("PUT", "/v2/tags/{tag}", name="beacon")),
    "invoice created": (
        page(
            "/invoices/new",
            invoice_date="2024-06-01",
            projects="{project}",
            rate_calculation__standard_hourly_rate="80",
            tax_name="VAT",
            tax_percentage="20",
        ),
        api(
            "POST",
            "/v2/invoices",
            invoice_date="2024-06-01",
            entry_ids="entries",
            expense_ids="expenses",
            rate_calculation={"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 80},
            taxes=[{"name": "VAT", "percentage": 20}],
        ),
    ),
    "invoice edited": (
        page("/invoices/{invoice}/edit", footer="Thank you"),
        api("PUT", "/v2/invoices/{invoice}", footer="Thank you"),
    ),
    "invoice paid": (
        page("/invoices/{invoice}/paid", on="/invoices/{invoice}"),
        api("PUT", "/v2/invoices/{invoice}/paid"),
    ),
    "invoice taxed": (
        page("/invoices/{invoice}/taxes", on="/invoices/{invoice}", tax_name="VAT", tax_percentage="7,5"),
        api("PUT", "/v2/invoices/{invoice}/add_taxes", taxes=[{"name": "VAT", "percentage": 7.5}]),
    ),
    "invoice deleted": (page("/invoices/{invoice}/delete"), api("DELETE", "/v2/invoices/{invoice}")),
}


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """Only SQLite: which events a page raises does not depend on the database."""
    with request.getfixturevalue("_sqlite_files").fresh(tmp_path) as url:
        yield url


def furnish(account: Account, number: int) -> Made:
    """Create what an act is about."""
    name = f"Harbour map {number}"
    project = make_project(account, name)
    entry = make_entry(account.owner, "buoys", project_id=project["id"])
    expense = make_expense(account.owner, project, description="boat")
    billed = make_entry(account.owner, "chart", project_id=project["id"])
    invoice = make_invoice(account, [billed], [], reference="0007")
    return {
        "project": project["id"],
        "entry": entry["id"],
        "entries": [entry["id"]],
        "expense": expense["id"],
        "expenses": [expense["id"]],
        "invoice": invoice["id"],
        "tag": make_tag(account, f"tag{number}")["id"],
        "name": name,
    }


def without_ids_and_times(text: str) -> str:
    """Replace what differs between two accounts: ids, times, names of accounts, tokens and colours."""
    for pattern, replacement in (
        (r'"(id|user)":\d+', r'"\1":0'),
        (r"/v2/([a-z_/]+)/\d+", r"/v2/\1/0"),
        (r"\d{4}-\d\d-\d\dT[\d:]+Z", "T"),
        (r"/i/[a-z0-9]{25}", "/i/S"),
        (r"(north|south)wind", "wind"),
        (r'"color":"#\w+"', '"color":""'),
    ):
        text = re.sub(pattern, replacement, text)
    return text


def test_a_page_raises_the_events_of_the_api(account: Account, other_account: Account) -> None:
    readers = [(of, EventReader(of)) for of in (account, other_account)]
    different = []
    for number, (name, acts) in enumerate(ACTS.items()):
        by_page, by_api = (events_of(*of, number, act) for of, act in zip(readers, acts, strict=True))
        if not by_page or by_page != by_api:
            different.append((name, by_page, by_api))

    assert different == []


def events_of(account: Account, reader: EventReader, number: int, act: Act) -> list[tuple[str, str, str]]:
    made = furnish(account, number)
    reader.read_new()
    act(account, made)
    return [
        (
            event.type,
            without_ids_and_times(json.dumps(event.changes, separators=(",", ":"))),
            without_ids_and_times(event.text.decode()),
        )
        for event in reader.read_new()
    ]
