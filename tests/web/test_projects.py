"""``/projects``: list, create, show, edit, archive, merge, delete; budgets are for leaders only."""

import re

import pytest

from tests.support.accounts import Account
from tests.support.factories import archive, make_entry, make_expense, make_group, make_invoice, make_project
from tests.support.oauth_clients import signed_in_browser

NB = "\N{NO-BREAK SPACE}"


def test_the_list_shows_active_projects_with_their_budgets(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1, budgeted_minutes=600)
    make_group(account, "Sea", project)
    make_entry(account.owner, minutes=510, project_id=project["id"])
    gone = make_project(account, "Lighthouse")
    make_entry(account.owner, project_id=gone["id"])
    archive(account, gone)
    browser = signed_in_browser(account, account.leader)

    page = browser.get("/projects").body.decode()

    assert '<progress aria-label="Budget of Harbour map" value="85" max="100">' in page
    assert "85 %" in page
    assert "8.50 of 10.00" in page
    assert ">Sea<" in page
    assert "Lighthouse" not in page
    assert "Lighthouse" in browser.get("/projects?enabled=false").body.decode()
    assert "Harbour map" in browser.get("/projects?name=HARB").body.decode()


def test_a_project_is_created_and_edited(account: Account) -> None:
    group = make_group(account, "Sea")
    browser = signed_in_browser(account, account.leader)
    page = browser.get("/projects/new")
    assert b">Budget in hours</label>" in page.body

    response = browser.submit_to(
        page, "/projects/new", name="Quay", budgeted_minutes="37:30", project_group_id=str(group["id"])
    )

    [project] = account.leader.client.get("/v2/projects").json()
    assert response.headers["location"] == f"/projects/{project['id']}"
    assert (project["name"], project["budgeted_minutes"], project["billable"]) == ("Quay", 2250, True)
    assert project["group"]["name"] == "Sea"

    path = f"/projects/{project['id']}/edit"
    page = browser.get(path)
    assert b'value="37.50"' in page.body
    assert browser.submit_to(page, path, name="Pier", budgeted_minutes="", project_group_id="").status == 303
    [project] = account.leader.client.get("/v2/projects").json()
    assert (project["name"], project["budgeted_minutes"], project["group"]) == ("Pier", None, None)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Fill this in."),
        ("name", "harbour MAP", "This name is taken."),
        ("budgeted_minutes", "plenty", "This is not a number of hours."),
        ("budgeted_minutes", "-1", "This is not a number of hours."),
        ("project_group_id", "999", "There is nothing like this here any more."),
        ("billing_increment", "7", "This cannot be used."),
        ("color", "red", "This cannot be used."),
    ],
)
def test_a_refused_project_says_why(account: Account, field: str, value: str, sentence: str) -> None:
    make_project(account, "Harbour map")
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(browser.get("/projects/new"), "/projects/new", **{"name": "Quay", field: value})

    assert response.status == 422
    assert f'id="{field}-note">{sentence}' in response.body.decode()


def test_a_project_shows_what_it_took_and_for_whom(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1, budgeted_minutes=60)
    make_entry(account.owner, "#lamp", minutes=45, project_id=project["id"])
    make_entry(account.leader, "plain", minutes=30, date="2024-05-01", project_id=project["id"])
    make_expense(account.leader, project, 12.5)

    page = signed_in_browser(account, account.leader).get(f"/projects/{project['id']}").body.decode()

    for words in (
        f"1{NB}h{NB}15{NB}min",
        "Over budget",
        "125 %",
        "Week of 19 May",
        "#lamp",
        "No tag",
        "12.50",
        "plain",
    ):
        assert words in page, words
    assert f'href="/entries?from=&amp;project_ids={project["id"]}&amp;user_ids={account.leader.id}"' in page


def test_weeks_and_tags_of_a_project_are_those_up_to_its_newest_entry(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    for day, tag in (("2024-01-01", "#lamp"), ("2024-03-23", "#buoy"), ("2023-12-30", "#chart")):
        make_entry(account.leader, tag, minutes=30, date=day, project_id=project["id"])
    browser = signed_in_browser(account, account.leader)

    page = browser.get(f"/projects/{project['id']}").body.decode()

    assert ("Week of 17 Mar" in page, "Week of 24 Dec" in page) == (True, False)
    assert [f"#{tag}: " in page for tag in ("lamp", "buoy", "chart")] == [True, True, False]
    assert f'href="/entries?from=2023-12-31&amp;to=2024-03-23&amp;project_ids={project["id"]}&amp;tag_ids=' in page


def test_pages_of_coworkers_and_contractors_hold_no_word_of_budgets(account: Account) -> None:
    project = make_project(account, "Harbour map", account.coworker, account.contractor, budgeted_minutes=60)
    entry = make_entry(account.coworker, project_id=project["id"])
    make_invoice(account, [entry])

    for person in (account.coworker, account.contractor):
        browser = signed_in_browser(account, person)
        for path in ("/projects", f"/projects/{project['id']}", "/projects?enabled=false"):
            page = browser.get(path).body.decode()
            assert "budget" not in page.lower(), path
            assert "Invoices" not in page
            assert "New project" not in page
            assert not re.search(r"(Edit|Archive|Merge|Delete)…", page)
        for path in ("/projects/new", *(f"/projects/{project['id']}/{act}" for act in ("edit", "merge", "archive"))):
            assert browser.get(path).status == 404


def test_a_used_project_is_archived_and_reactivated(account: Account) -> None:
    project = make_project(account, "Harbour map")
    make_entry(account.owner, project_id=project["id"])
    browser = signed_in_browser(account, account.leader)
    path = f"/projects/{project['id']}"

    page = browser.get(f"{path}/archive")
    assert b"1 entry and 0 expenses stay" in page.body
    browser.submit_to(page, f"{path}/archive")
    page = browser.get(path)
    assert b"Archived" in page.body
    assert browser.get(f"{path}/edit").headers["location"] == path
    browser.submit_to(page, f"{path}/unarchive")
    assert account.leader.client.get(project["url"]).json()["enabled"] is True


def test_a_project_is_merged_into_another(account: Account) -> None:
    source, target = make_project(account, "Harbour map"), make_project(account, "Quay")
    entry = make_entry(account.owner, project_id=source["id"])
    browser = signed_in_browser(account, account.leader)
    path = f"/projects/{source['id']}/merge"
    page = browser.get(path)
    assert b"1 entry and 0 expenses move to the other project" in page.body

    for into, sentence in (("", b"Choose the one"), ("999", b"nothing like this"), (str(source["id"]), b"nothing")):
        refused = browser.submit_to(page, path, into=into)
        assert (refused.status, sentence in refused.body) == (422, True), into
    done = browser.submit_to(page, path, into=str(target["id"]))

    assert done.headers["location"] == f"/projects/{target['id']}"
    assert account.leader.client.get(source["url"]).status == 404
    assert account.leader.client.get(entry["url"]).json()["project"]["name"] == "Quay"


def test_only_an_unused_project_is_deleted(account: Account) -> None:
    used, unused = make_project(account, "Harbour map"), make_project(account, "Quay")
    make_entry(account.owner, project_id=used["id"])
    browser = signed_in_browser(account, account.leader)

    page = browser.get(f"/projects/{used['id']}/delete")
    assert b"1 entry belongs" in page.body
    assert b"Delete project" not in page.body
    path = f"/projects/{unused['id']}/delete"
    assert browser.submit_to(browser.get(path), path).headers["location"] == "/projects"
    assert [each["name"] for each in account.leader.client.get("/v2/projects").json()] == ["Harbour map"]


def test_a_project_of_another_account_is_not_found(account: Account, other_account: Account) -> None:
    project = make_project(other_account, "Theirs")
    browser = signed_in_browser(account, account.owner)

    for act in ("", "/edit", "/archive", "/merge", "/delete"):
        assert browser.get(f"/projects/{project['id']}{act}").status == 404
