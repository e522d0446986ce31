"""``/teams``: list, create, change members, delete."""

import pytest

from tests.support.accounts import Account
from tests.support.browsers import find_form
from tests.support.factories import make_team
from tests.support.oauth_clients import signed_in_browser

LIST = "/teams"


def test_a_team_is_created_with_its_members(account: Account) -> None:
    browser = signed_in_browser(account, account.supervisor)

    response = browser.submit_to(
        browser.get(f"{LIST}/new"), f"{LIST}/new", name="<b>Pilots", user_ids=str(account.leader.id)
    )

    page = browser.follow_redirects(response).body
    assert b"&lt;b&gt;Pilots" in page
    assert f'href="/people/{account.leader.id}">Leader</a>'.encode() in page
    [team] = account.leader.client.get("/v2/teams").json()
    assert [user["id"] for user in team["users"]] == [account.leader.id]


def test_name_and_members_are_changed_and_deactivated_members_stay(account: Account) -> None:
    team = make_team(account, "Pilots", account.leader, account.coworker)
    account.set_state(account.coworker, "disabled")
    path = f"{LIST}/{team['id']}/edit"
    browser = signed_in_browser(account, account.supervisor)

    browser.submit_to(browser.get(path), path, name="Divers", user_ids=str(account.contractor.id))

    [found] = account.supervisor.client.get("/v2/teams").json()
    ids = sorted(user["id"] for user in found["users"])
    assert (found["name"], ids) == ("Divers", sorted([account.contractor.id, account.coworker.id]))


def test_a_name_that_is_taken_is_refused(account: Account) -> None:
    make_team(account, "Pilots")
    browser = signed_in_browser(account, account.supervisor)

    response = browser.submit_to(browser.get(f"{LIST}/new"), f"{LIST}/new", name="pilots")

    assert (response.status, b"This name is taken." in response.body) == (422, True)


def test_deleting_a_team_asks_first(account: Account) -> None:
    team = make_team(account, "Pilots", account.leader)
    path = f"{LIST}/{team['id']}/delete"
    browser = signed_in_browser(account, account.supervisor)
    page = browser.get(path)
    assert b"Its 1 member stays" in page.body

    response = browser.submit_to(page, path)

    assert b"Deleted the team Pilots." in browser.follow_redirects(response).body
    assert account.supervisor.client.get("/v2/teams").json() == []


@pytest.mark.parametrize("role", ["leader", "coworker", "contractor"])
def test_only_supervisors_change_teams(account: Account, role: str) -> None:
    team = make_team(account, "Pilots")
    browser = signed_in_browser(account, account.people[role])
    fields = {**find_form(browser.get("/me"), "/me").fields, "name": "Divers"}

    shown = browser.get(LIST)
    assert (shown.status, b"New team" in shown.body) == (404 if role == "contractor" else 200, False)
    for path in ("new", f"{team['id']}/edit", f"{team['id']}/delete"):
        assert browser.post(f"{LIST}/{path}", fields).status == 404

    assert [found["name"] for found in account.supervisor.client.get("/v2/teams").json()] == ["Pilots"]


def test_a_team_of_another_account_is_not_found(account: Account, other_account: Account) -> None:
    team = make_team(other_account, "Pilots")
    browser = signed_in_browser(account, account.supervisor)
    fields = {**find_form(browser.get("/me"), "/me").fields, "name": "Divers"}

    for act in ("edit", "delete"):
        assert browser.get(f"{LIST}/{team['id']}/{act}").status == 404
        assert browser.post(f"{LIST}/{team['id']}/{act}", fields).status == 404
