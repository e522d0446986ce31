"""``/groups``: list, create, edit with projects, delete."""

from typing import Any

from tests.support.accounts import Account
from tests.support.browsers import find_form
from tests.support.factories import make_group, make_project
from tests.support.oauth_clients import signed_in_browser


def test_groups_are_listed_with_the_projects_that_one_sees(account: Account) -> None:
    seen, hidden = make_project(account, "Harbour map", account.coworker), make_project(account, "Lighthouse")
    make_group(account, "Sea", seen, hidden)

    assert "Lighthouse" in signed_in_browser(account, account.leader).get("/groups").body.decode()
    page = signed_in_browser(account, account.coworker).get("/groups").body.decode()
    assert "Harbour map" in page
    assert "Lighthouse" not in page
    assert "New group" not in page
    assert signed_in_browser(account, account.contractor).get("/groups").status == 404


def test_a_group_is_created_with_projects_and_edited(account: Account) -> None:
    one, two, three = (make_project(account, name) for name in ("One", "Two", "Three"))
    make_group(account, "Other", three)
    browser = signed_in_browser(account, account.leader)

    def send(path: str, **values: Any) -> int:
        token = find_form(browser.get(path), path).fields["csrf_token"]
        chosen = [("project_ids", str(project["id"])) for project in values["projects"]]
        return browser.post(path, [("csrf_token", token), ("name", values["name"]), *chosen]).status

    assert send("/groups/new", name="Sea", projects=[one]) == 303
    group = groups_of(account)["Sea"]
    assert [project["name"] for project in group["projects"]] == ["One"]

    assert send(f"/groups/{group['id']}/edit", name="Shore", projects=[two, three]) == 303
    found = groups_of(account)
    assert {name: sorted(each["name"] for each in group["projects"]) for name, group in found.items()} == {
        "Shore": ["Three", "Two"],
        "Other": [],
    }
    assert send(f"/groups/{group['id']}/edit", name="OTHER", projects=[two]) == 422


def test_a_group_is_deleted_and_its_projects_stay(account: Account, other_account: Account) -> None:
    group = make_group(account, "Sea", make_project(account, "Harbour map"))
    theirs = make_group(other_account, "Theirs")
    browser = signed_in_browser(account, account.leader)
    path = f"/groups/{group['id']}/delete"
    page = browser.get(path)
    assert b"1 project stays" in page.body

    assert browser.submit_to(page, path).headers["location"] == "/groups"
    assert groups_of(account) == {}
    assert len(account.leader.client.get("/v2/projects").json()) == 1
    assert browser.get(f"/groups/{theirs['id']}/edit").status == 404


def groups_of(account: Account) -> dict[str, Any]:
    return {group["name"]: group for group in account.leader.client.get("/v2/project_groups").json()}
