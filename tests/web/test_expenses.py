"""``/expenses``: list, new, edit, delete."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.factories import make_expense, make_invoice, make_project
from tests.support.oauth_clients import signed_in_browser


@pytest.fixture
def project(account: Account) -> dict[str, Any]:
    return make_project(account, "Harbour map", account.coworker, account.contractor)


def test_an_expense_is_created_edited_and_deleted(account: Account, project: dict[str, Any]) -> None:
    browser = signed_in_browser(account, account.owner)
    page = browser.get("/expenses/new")

    assert browser.submit_to(page, "/expenses/new", price="49,9", description="a buoy").status == 303
    [expense] = account.owner.client.get("/v2/expenses").json()
    assert (expense["price"], expense["taxable"], expense["date"]) == (49.9, True, "2024-05-21")
    assert b"49.90" in browser.get("/expenses").body

    path = f"/expenses/{expense['id']}"
    form = browser.get(f"{path}/edit")
    fields = {"price": "1234.5", "date": "2024-05-20", "project_id": str(project["id"]), "csrf_token": csrf_of(form)}
    assert browser.post(f"{path}/edit", fields).status == 303
    [expense] = account.owner.client.get("/v2/expenses").json()
    assert (expense["price"], expense["taxable"], expense["date"]) == (1234.5, False, "2024-05-20")
    assert b"1,234.50" in browser.get("/expenses").body

    browser.submit_to(browser.get(f"{path}/delete"), f"{path}/delete")
    assert account.owner.client.get("/v2/expenses").json() == []


def csrf_of(page: Any) -> str:
    return str(page.body.decode().partition('name="csrf_token" value="')[2].partition('"')[0])


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("price", "a lot", "This is not an amount."),
        ("price", "1,234,5", "This is not an amount."),
        ("date", "", "Fill this in."),
        ("project_id", "", "Choose a project."),
        ("project_id", "999", "There is nothing like this here any more."),
    ],
)
def test_a_refused_expense_says_why(
    account: Account, project: dict[str, Any], field: str, value: str, sentence: str
) -> None:
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get("/expenses/new"), "/expenses/new", **{"price": "1", field: value})

    assert response.status == 422
    assert f'<p class="error" id="{field}-note">{sentence}' in response.body.decode()
    assert account.owner.client.get("/v2/expenses").json() == []


def test_filters_are_in_the_url(account: Account, project: dict[str, Any]) -> None:
    make_expense(account.owner, project, description="a buoy")
    make_expense(account.owner, project, description="<i>a lamp</i>")
    browser = signed_in_browser(account, account.owner)

    page = browser.get("/expenses?description=LAMP").body.decode()

    assert "&lt;i&gt;a lamp" in page
    assert "a buoy" not in page


def test_an_invoiced_expense_is_locked(account: Account, project: dict[str, Any]) -> None:
    expense = make_expense(account.owner, project)
    make_invoice(account, [], [expense])
    browser = signed_in_browser(account, account.owner)

    assert b'title="The Expense cannot be changed because it is invoiced."' in browser.get("/expenses").body
    assert browser.get(f"/expenses/{expense['id']}/edit").headers["location"] == "/expenses"


def test_the_expense_of_another_person_is_not_changed_by_a_coworker(account: Account, project: dict[str, Any]) -> None:
    expense = make_expense(account.owner, project)
    browser = signed_in_browser(account, account.coworker)
    path = f"/expenses/{expense['id']}/delete"

    assert b"Only its person and leaders can change this expense." in browser.get("/expenses").body
    assert browser.submit_to(browser.get(path), path).status == 403


def test_an_expense_of_another_account_is_not_found(account: Account, other_account: Account) -> None:
    expense = make_expense(other_account.owner, make_project(other_account))
    browser = signed_in_browser(account, account.owner)

    for path in ("edit", "delete"):
        assert browser.get(f"/expenses/{expense['id']}/{path}").status == 404
