"""From unbilled time to paid, as a person does it."""

from tests.browser.conftest import OpenPage
from tests.support.accounts import Account
from tests.support.factories import make_entry, make_project


def test_a_new_invoice_shows_its_total_while_it_is_filled_in(account: Account, open_page_of: OpenPage) -> None:
    for name in ("Harbour map", "Pilots"):
        make_entry(account.owner, minutes=90, project_id=make_project(account, name)["id"])
    page = open_page_of(account.leader, "/invoices")

    page.get_by_role("link", name="New invoice").click()
    page.get_by_role("checkbox", name="Harbour map").check()
    page.get_by_role("textbox", name="Hourly rate").fill("80")
    page.get_by_role("row", name="Total").get_by_text("$120.00").wait_for()
    page.get_by_role("checkbox", name="Pilots").check()
    page.get_by_role("row", name="Total").get_by_text("$240.00").wait_for()
    page.get_by_role("button", name="Create invoice").click()
    page.get_by_role("heading", name="Invoice 0001").wait_for()
    page.get_by_role("button", name="Mark as paid").click()

    page.get_by_role("button", name="Mark as unpaid").wait_for()
    [invoice] = account.owner.client.get("/v2/invoices").json()
    assert (invoice["state"], invoice["total_amount"]) == ("paid", 240.0)
