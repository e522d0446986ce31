"""``/approvals``: look at a week of everybody, and approve what is shown."""

from tests.support.accounts import Account
from tests.support.factories import approve, make_entry
from tests.support.oauth_clients import signed_in_browser

WEEK = "/approvals/2024-W21"
MONDAY = "2024-05-20"


def approved_of(account: Account) -> dict[str, bool]:
    found = account.owner.client.get("/v2/entries").json()
    return {entry["description"]: entry["approved_at"] is not None for entry in found}


def test_it_leads_to_the_week_before_this_one(account: Account) -> None:
    browser = signed_in_browser(account, account.supervisor)

    assert browser.get("/approvals").headers["location"] == "/approvals/2024-W20"
    assert b"Nobody has logged time in this week." in browser.get("/approvals/2024-W20").body


def test_what_a_page_shows_of_a_person_is_approved_and_nothing_else(account: Account) -> None:
    make_entry(account.coworker, "shown", date=MONDAY)
    make_entry(account.leader, "of another person", date=MONDAY)
    make_entry(account.coworker, "of another week", date="2024-05-13")
    browser = signed_in_browser(account, account.supervisor)
    page = browser.get(WEEK)
    make_entry(account.coworker, "logged meanwhile", date=MONDAY)

    response = browser.submit_to(page, WEEK, act="approve")

    assert response.headers["location"] == WEEK
    assert approved_of(account) == {
        "shown": True,
        "of another person": False,
        "of another week": False,
        "logged meanwhile": False,
    }
    assert b"Approved 1 entry." in browser.get(WEEK).body


def test_an_approval_is_withdrawn(account: Account) -> None:
    approve(account, make_entry(account.coworker, "approved", date=MONDAY))
    browser = signed_in_browser(account, account.supervisor)

    browser.submit_to(browser.get(WEEK), WEEK, act="unapprove")

    assert approved_of(account) == {"approved": False}


def test_approving_nothing_is_refused(account: Account) -> None:
    make_entry(account.coworker, date=MONDAY)
    browser = signed_in_browser(account, account.supervisor)

    response = browser.submit_to(browser.get(WEEK), WEEK, act="approve", ids="x")

    assert (response.status, b"There is nothing to approve." in response.body) == (422, True)


def test_without_the_feature_there_are_no_approvals(account: Account) -> None:
    account.change_settings(approvals="off")
    browser = signed_in_browser(account, account.supervisor)

    assert browser.get(WEEK).status == 404
    assert b'href="/approvals"' not in browser.get("/").body
