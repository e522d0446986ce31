"""``/people``: list, invite, change role, access and state."""

import re
from datetime import timedelta

import pytest

from hourhook.clock import to_datetime
from tests.support.accounts import Account
from tests.support.browsers import find_form
from tests.support.factories import give_access, make_entry, make_project
from tests.support.oauth_clients import signed_in_browser

LIST = "/people"
ACTS = ("invite", "edit", "access", "activate", "deactivate", "delete")


def test_people_are_listed_and_filtered(account: Account) -> None:
    account.add("<b>grace", "contractor")
    browser = signed_in_browser(account, account.coworker)

    page = browser.get(LIST).body
    assert b"&lt;B&gt;Grace" in page
    assert b"leader@northwind.test" in page
    assert b"Invite somebody" not in page
    filtered = browser.get(f"{LIST}?name=grace&role=contractor&state=").body
    assert b"leader@northwind.test" not in filtered
    assert b"&lt;B&gt;Grace" in filtered
    assert b"Nobody matches these filters." in browser.get(f"{LIST}?state=suspended").body


def test_an_invitation_link_is_shown_once_where_no_mail_is_set(account: Account) -> None:
    browser = signed_in_browser(account, account.supervisor)

    page = browser.follow_redirects(
        browser.submit_to(browser.get(f"{LIST}/new"), f"{LIST}/new", email="grace@example.com", role="leader")
    )

    [link] = re.findall(r'id="link" class="secret" value="([^"]+)" readonly', page.body.decode())
    assert browser.get("/invitations/" + link.rpartition("/")[2]).status == 200
    [grace] = account.leader.client.get("/v2/users?email=grace").json()
    assert (grace["role"], grace["state"]) == ("leader", "pending")
    path = f"{LIST}/{grace['id']}"
    again = browser.get(path)
    assert link.encode() not in again.body

    renewed = browser.follow_redirects(browser.submit_to(again, f"{path}/invite"))

    assert b"Invitation link" in renewed.body
    assert link.encode() not in renewed.body


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("nobody", b"This is not an e-mail address."),
        ("", b"Fill this in."),
        ("leader@northwind.test", b"Somebody with this e-mail address is in the account already."),
    ],
)
def test_a_wrong_invitation_is_refused_in_words(account: Account, email: str, sentence: bytes) -> None:
    browser = signed_in_browser(account, account.supervisor)

    response = browser.submit_to(browser.get(f"{LIST}/new"), f"{LIST}/new", email=email)

    assert (response.status, sentence in response.body) == (422, True)


def test_name_and_role_are_changed(account: Account) -> None:
    path = f"{LIST}/{account.contractor.id}"
    browser = signed_in_browser(account, account.supervisor)

    browser.submit_to(browser.get(f"{path}/edit"), f"{path}/edit", first_name="Grace", role="leader")

    found = account.leader.client.get(f"/v2/users/{account.contractor.id}").json()
    assert (found["first_name"], found["role"]) == ("Grace", "leader")


def test_the_role_of_the_owner_stays(account: Account) -> None:
    path = f"{LIST}/{account.owner.id}/edit"
    browser = signed_in_browser(account, account.supervisor)

    response = browser.submit_to(browser.get(path), path, role="contractor")

    assert (response.status, b"cannot be changed" in response.body) == (422, True)


def test_access_to_projects_is_granted_and_revoked(account: Account) -> None:
    old, new = make_project(account, "Lighthouse log"), make_project(account, "Tide tables")
    archived = make_project(account, "Old pier")
    for project in (old, archived):
        give_access(account, account.contractor, project)
    make_entry(account.leader, project_id=archived["id"])
    assert account.leader.client.put(f"/v2/projects/{archived['id']}/archive").status == 204
    path = f"{LIST}/{account.contractor.id}"
    browser = signed_in_browser(account, account.supervisor)
    page = browser.get(f"{path}/access")
    form = find_form(page, f"{path}/access")
    assert form.fields["project_ids"] == str(old["id"])

    response = browser.send(form, project_ids=str(new["id"]))

    names = {project["name"] for project in account.contractor.client.get("/v2/projects").json()}
    assert names == {"Tide tables", "Old pier"}
    shown = browser.follow_redirects(response).body
    assert b"Tide tables" in shown
    assert b"Lighthouse log" not in shown


def test_who_sees_all_projects_needs_no_access(account: Account) -> None:
    path = f"{LIST}/{account.leader.id}"
    browser = signed_in_browser(account, account.supervisor)

    assert b"Access" not in browser.get(path).body
    assert browser.get(f"{path}/access").status == 404


def test_a_person_with_entries_is_deactivated_and_activated(account: Account) -> None:
    make_entry(account.leader)
    path = f"{LIST}/{account.leader.id}"
    browser = signed_in_browser(account, account.supervisor)
    assert b"Delete" not in browser.get(path).body

    page = browser.get(f"{path}/deactivate")
    assert b"1 entry" in page.body
    page = browser.follow_redirects(browser.submit_to(page, f"{path}/deactivate"))
    assert b"Deactivated" in page.body
    assert account.leader.client.get("/v2/current_user").status == 401

    browser.submit_to(page, f"{path}/activate")
    assert account.leader.client.get("/v2/current_user").status == 200


def test_a_person_without_entries_is_deleted(account: Account) -> None:
    path = f"{LIST}/{account.leader.id}"
    browser = signed_in_browser(account, account.supervisor)

    refused = browser.submit_to(browser.get(f"{path}/deactivate"), f"{path}/deactivate")
    assert (refused.status, b"should be deleted" in refused.body) == (422, True)
    response = browser.submit_to(browser.get(f"{path}/delete"), f"{path}/delete")

    assert b"Deleted leader@northwind.test." in browser.follow_redirects(response).body
    assert browser.get(path).status == 404


def test_the_time_of_this_week_is_shown(account: Account) -> None:
    browser = signed_in_browser(account, account.coworker)
    give_access(account, account.coworker, project := make_project(account))
    browser.cookies["hourhook-zone"] = "UTC"
    today = to_datetime(account.database.shared_clock.now()).date()
    make_entry(account.leader, minutes=75, date=today.isoformat(), project_id=project["id"])
    make_entry(account.leader, minutes=90, date=(today - timedelta(days=7)).isoformat(), project_id=project["id"])

    page = browser.get(f"{LIST}/{account.leader.id}").body.decode()

    assert "<dd>1\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}15\N{NO-BREAK SPACE}min</dd>" in page


@pytest.mark.parametrize("role", ["leader", "coworker", "contractor"])
def test_only_supervisors_change_people(account: Account, role: str) -> None:
    path = f"{LIST}/{account.contractor.id}"
    browser = signed_in_browser(account, account.people[role])
    fields = find_form(browser.get("/me"), "/me").fields
    if role != "contractor":
        shown = browser.get(path).body
        assert not any(f"{path}/{act}".encode() in shown for act in ACTS)

    for act in ACTS:
        assert browser.post(f"{path}/{act}", fields).status == 404, act

    assert browser.post(f"{LIST}/new", {**fields, "email": "grace@example.com"}).status == 404
    found = account.supervisor.client.get(f"/v2/users/{account.contractor.id}").json()
    assert (found["role"], found["state"]) == ("contractor", "active")


def test_people_of_another_account_are_not_found(account: Account, other_account: Account) -> None:
    path = f"{LIST}/{other_account.contractor.id}"
    browser = signed_in_browser(account, account.supervisor)
    fields = find_form(browser.get("/me"), "/me").fields

    assert browser.get(path).status == 404
    for act in ACTS:
        assert browser.post(f"{path}/{act}", fields).status == 404, act
