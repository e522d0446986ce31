"""``/inbox``: log, edit, discard."""

from tests.support.accounts import Account
from tests.support.factories import make_inbox_entry, make_project
from tests.support.oauth_clients import signed_in_browser


def test_proposed_time_is_logged_as_it_is_and_can_be_undone(account: Account) -> None:
    make_project(account, "Harbour map", billing_increment=1)
    proposal = make_inbox_entry(account.owner, "painting", minutes=75, project_name="Harbour map")
    browser = signed_in_browser(account, account.owner)
    assert b"1 in your inbox" in browser.get("/").body

    response = browser.submit_to(browser.get("/inbox"), f"/inbox/{proposal['id']}/log")

    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["minutes"], entry["project"]["name"], entry["description"]) == (75, "Harbour map", "painting")
    page = browser.follow_redirects(response)
    assert b"Nothing waits here." in page.body
    assert browser.submit_to(page, "/log/undo").status == 303
    assert account.owner.client.get("/v2/entries").json() == []


def test_proposed_time_is_logged_with_changes(account: Account) -> None:
    proposal = make_inbox_entry(account.owner, "painting")
    browser = signed_in_browser(account, account.owner)
    path = f"/inbox/{proposal['id']}"

    without_time = browser.submit_to(browser.get("/inbox"), f"{path}/log")
    assert (without_time.status, b"Say how long it took" in without_time.body) == (422, True)
    response = browser.submit_to(without_time, path, act="log", minutes="0:45", description="painting the lamp")

    assert response.status == 303
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["minutes"], entry["description"]) == (45, "painting the lamp")


def test_proposed_time_is_edited(account: Account) -> None:
    proposal = make_inbox_entry(account.owner, "painting")
    browser = signed_in_browser(account, account.owner)
    path = f"/inbox/{proposal['id']}"

    assert browser.submit_to(browser.get(path), path, minutes="1.5", description="").status == 422
    assert browser.submit_to(browser.get(path), path, minutes="1.5", project_name="New one").status == 303

    found = account.owner.client.get(f"/v2/inbox_entries/{proposal['id']}").json()
    assert (found["minutes"], found["project_name"], found["logged"]) == (90, "New one", False)


def test_discarding_asks_first(account: Account) -> None:
    proposal = make_inbox_entry(account.owner, "<b>painting</b>")
    browser = signed_in_browser(account, account.owner)
    path = f"/inbox/{proposal['id']}/discard"

    page = browser.get(path)
    assert b"&lt;b&gt;painting&lt;/b&gt;" in page.body
    browser.submit_to(page, path)

    assert account.owner.client.get("/v2/inbox_entries").json() == []


def test_the_inbox_of_another_person_is_not_found(account: Account) -> None:
    proposal = make_inbox_entry(account.leader)
    browser = signed_in_browser(account, account.owner)

    assert b"Nothing waits here." in browser.get("/inbox").body
    for path in ("", "/discard"):
        assert browser.get(f"/inbox/{proposal['id']}{path}").status == 404
