"""``/v2/projects``: reading, creating, editing and deleting."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, archive, ids, make_entry, make_project, mark_as_invoiced

KEYS = [
    "id", "name", "billing_increment", "enabled", "billable", "color", "url", "group", "minutes", "billable_minutes",
    "unbillable_minutes", "invoiced_minutes", "remaining_minutes", "budgeted_minutes", "import", "invoices",
    "participants", "entries", "entries_url", "expenses", "expenses_url", "created_at", "updated_at", "merge_url",
    "archive_url", "unarchive_url",
]  # fmt: skip
INCREMENTS = [1, 5, 6, 10, 15, 20, 30, 60]


def test_a_project_is_created_with_defaults(account: Account) -> None:
    log = EventReader(account)

    response = account.leader.client.post("/v2/projects", {"name": " Website relaunch "})

    assert response.status == 201
    project = response.json()
    assert list(project) == KEYS
    url = f"{account.base_url}/v2/projects/{project['id']}"
    assert response.headers["location"] == url
    assert project == {
        "id": project["id"],
        "name": "Website relaunch",
        "billing_increment": 15,
        "enabled": True,
        "billable": True,
        "color": project["color"],
        "url": url,
        "group": None,
        "minutes": 0,
        "billable_minutes": 0,
        "unbillable_minutes": 0,
        "invoiced_minutes": 0,
        "remaining_minutes": None,
        "budgeted_minutes": None,
        "import": None,
        "invoices": [],
        "participants": [],
        "entries": 0,
        "entries_url": f"{url}/entries",
        "expenses": 0,
        "expenses_url": f"{url}/expenses",
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
        "merge_url": f"{url}/merge",
        "archive_url": f"{url}/archive",
        "unarchive_url": f"{url}/unarchive",
    }
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("project.created", {}, response.body)
    assert account.supervisor.client.get(url).body == response.body


def test_a_project_is_created_with_all_inputs(account: Account) -> None:
    given = {"name": "X", "billable": "false", "billing_increment": "60", "color": "3Fa", "budgeted_minutes": 90}

    project = account.leader.client.post("/v2/projects", given).json()

    assert (project["billable"], project["billing_increment"], project["color"]) == (False, 60, "#33ffaa")
    assert (project["budgeted_minutes"], project["remaining_minutes"]) == (90, 90)


def test_the_accounts_default_increment_is_a_setting(account: Account) -> None:
    account.change_settings(default_billing_increment="6")

    assert make_project(account)["billing_increment"] == 6


def test_new_projects_get_different_colors(account: Account) -> None:
    colors = [make_project(account, str(number))["color"] for number in range(12)]

    assert len({*colors}) == 12


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("name", "missing_field")]),
        ({"name": "  "}, [("name", "missing_field")]),
        ({"name": "x" * 256}, [("name", "invalid")]),
        ({"name": 5}, [("name", "invalid")]),
        ({"name": "WEBSITE relaunch"}, [("name", "already_exists")]),
        ({"name": "X", "project_group_id": 1}, [("project_group_id", "missing")]),
        ({"name": "X", "billing_increment": 7}, [("billing_increment", "invalid")]),
        ({"name": "X", "billing_increment": 2}, [("billing_increment", "invalid")]),
        ({"name": "X", "color": "red"}, [("color", "invalid")]),
        ({"name": "X", "color": "#12345"}, [("color", "invalid")]),
        ({"name": "X", "budgeted_minutes": -1}, [("budgeted_minutes", "invalid")]),
        ({"name": "X", "billable": 1}, [("billable", "invalid")]),
        (
            {"name": "website relaunch", "billing_increment": "x", "project_group_id": NO_SUCH_ID},
            [("name", "already_exists"), ("project_group_id", "missing"), ("billing_increment", "invalid")],
        ),
    ],
)
def test_a_malformed_project_is_rejected(account: Account, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    make_project(account)
    log = EventReader(account)

    response = account.leader.client.post("/v2/projects", body)

    assert (response.status, response.codes) == (400, faults)
    assert log.read_new() == []


def test_archived_projects_do_not_count_against_the_limit(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    account.change_settings(max_projects="1")

    response = account.leader.client.post("/v2/projects", {"name": "Second"})

    assert (response.status, response.codes) == (400, [("base", "reached_project_limit")])
    archive(account, project)
    assert account.leader.client.post("/v2/projects", {"name": "Second"}).status == 201


def test_two_accounts_may_use_the_same_project_name(account: Account, other_account: Account) -> None:
    assert make_project(account)["id"] != make_project(other_account)["id"]


def test_counters_match_the_entries(account: Account) -> None:
    project = make_project(account, "Website", account.contractor, budgeted_minutes=300)
    other = make_project(account, "Other")
    id = {"project_id": project["id"]}
    make_entry(account.leader, "#work", minutes=60, **id)
    make_entry(account.leader, "#holiday* #pause*", minutes=30, **id)
    mark_as_invoiced(account, make_entry(account.contractor, minutes=15, **id))
    mark_as_invoiced(account, make_entry(account.contractor, "#holiday", minutes=45, **id))
    make_entry(account.supervisor, project_id=other["id"])

    shown = account.leader.client.get(project["url"]).json()

    assert {key: shown[key] for key in KEYS[8:14]} == {
        "minutes": 150,
        "billable_minutes": 75,
        "unbillable_minutes": 75,
        "invoiced_minutes": 15,
        "remaining_minutes": 225,
        "budgeted_minutes": 300,
    }
    assert shown["entries"] == 4
    assert ids(shown["participants"]) == [account.leader.id, account.contractor.id]
    account.leader.client.put(project["url"], {"billable": False})
    shown = account.leader.client.get(project["url"]).json()
    assert [shown[key] for key in KEYS[8:13]] == [150, 0, 150, 0, 300]


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_scoped_roles_see_assigned_projects_without_their_budgets(account: Account, role: str) -> None:
    person = account.people[role]
    project = make_project(account, "Open", person, budgeted_minutes=300)
    closed = make_project(account, "Closed")
    make_entry(account.leader, project_id=project["id"])
    expected = account.leader.client.get(project["url"]).json()
    assert expected["remaining_minutes"] == 240

    expected |= {"budgeted_minutes": None, "remaining_minutes": None}
    assert person.client.get("/v2/projects").json() == [expected]
    assert person.client.get(project["url"]).json() == expected
    assert person.client.get(closed["url"]).status == 404


def test_projects_are_listed_by_name(account: Account) -> None:
    for name in ("beta", "Alpha", "Ähre", "gamma"):
        make_project(account, name)

    assert [each["name"] for each in account.leader.client.get("/v2/projects").json()] == [
        "Alpha", "beta", "gamma", "Ähre",
    ]  # fmt: skip
    first = account.leader.client.get("/v2/projects", {"per_page": 3})
    assert [each["name"] for each in account.leader.client.get(first.links["next"]).json()] == ["Ähre"]


def test_projects_are_filtered(account: Account) -> None:
    make_project(account, "Alpha", billing_increment=6)
    make_project(account, "Beta", billable=False)
    gamma = make_project(account, "Gamma")
    make_entry(account.leader, project_id=gamma["id"])
    archive(account, gamma)

    for query, names in (
        ({"name": "AM"}, ["Gamma"]),
        ({"name": "a"}, ["Alpha", "Beta", "Gamma"]),
        ({"billing_increment": 6}, ["Alpha"]),
        ({"billing_increment": ""}, ["Alpha", "Beta", "Gamma"]),
        ({"enabled": "true"}, ["Alpha", "Beta"]),
        ({"enabled": "false"}, ["Gamma"]),
        ({"billable": "true"}, ["Alpha", "Gamma"]),
        ({"billable": "false", "enabled": "true"}, ["Beta"]),
        ({"project_group_ids": "1,2"}, []),
    ):
        assert [each["name"] for each in account.leader.client.get("/v2/projects", query).json()] == names


@pytest.mark.parametrize("query", ["billing_increment=7", "enabled=1", "billable=no", "project_group_ids=a"])
def test_malformed_project_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get("/v2/projects", query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])


def test_an_edit_raises_project_updated_with_the_changes(account: Account, clock: FakeClock) -> None:
    before = make_project(account, budgeted_minutes=100)
    make_entry(account.leader, project_id=before["id"])
    before = account.leader.client.get(before["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)
    given = {"name": "Renamed", "billing_increment": 60, "color": "#ABCDEF", "billable": False, "budgeted_minutes": 60}

    response = account.leader.client.put(before["url"], given)

    assert response.status == 200
    after = response.json()
    assert after == before | given | {
        "color": "#abcdef",
        "billable_minutes": 0,
        "unbillable_minutes": 60,
        "remaining_minutes": 60,
        "updated_at": "2024-05-21T10:06:00Z",
    }
    [event] = log.read_new()
    assert (event.type, event.text) == ("project.updated", response.body)
    assert event.changes == {
        key: [before[key], after[key]] for key in KEYS if before[key] != after[key] and key != "updated_at"
    }
    assert account.supervisor.client.get(before["url"]).body == response.body


def test_an_edit_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock) -> None:
    before = make_project(account)
    log = EventReader(account)
    clock.advance(seconds=60)

    for body in ({}, {"name": before["name"], "billable": True, "budgeted_minutes": None, "project_group_id": None}):
        assert account.leader.client.put(before["url"], body).json() == before
    assert log.read_new() == []


def test_a_rename_may_change_only_the_case(account: Account) -> None:
    project = make_project(account, "website")
    make_project(account, "other")

    assert account.leader.client.put(project["url"], {"name": "Website"}).json()["name"] == "Website"
    assert account.leader.client.put(project["url"], {"name": "OTHER"}).codes == [("name", "already_exists")]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"name": None}, [("name", "missing_field")]),
        ({"billable": ""}, [("billable", "missing_field")]),
        ({"color": "x", "billing_increment": 0}, [("billing_increment", "invalid"), ("color", "invalid")]),
        ({"project_group_id": 3}, [("project_group_id", "missing")]),
    ],
)
def test_a_malformed_edit_is_rejected(account: Account, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    project = make_project(account)

    assert account.leader.client.put(project["url"], body).codes == faults


def test_an_archived_project_is_neither_edited_nor_deleted(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    archive(account, project)

    assert account.leader.client.put(project["url"], {"name": ""}).codes == [("base", "archived_project")]
    assert account.leader.client.delete(project["url"]).codes == [("base", "archived_project")]


def test_project_deleted_carries_the_project_as_it_was(account: Account) -> None:
    project = make_project(account, "Empty", account.contractor)
    log = EventReader(account)
    text = account.supervisor.client.get(project["url"]).body

    assert account.leader.client.delete(project["url"]).status == 204

    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("project.deleted", {}, text)
    assert account.leader.client.get(project["url"]).status == 404
    assert account.contractor.client.get("/v2/projects").json() == []


def test_a_used_project_is_not_deleted(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])

    response = account.leader.client.delete(project["url"])

    assert response.status == 400
    assert response.refusal == {
        "message": "The Project cannot be deleted because it has entries, expenses, or invoices.",
        "errors": [{"resource": "Project", "field": "base", "code": "not_deletable"}],
    }


def test_bulk_deletion_skips_ineligible_projects(account: Account, other_account: Account) -> None:
    empty = [make_project(account, name) for name in ("B", "A")]
    used = make_project(account, "Used")
    make_entry(account.leader, project_id=used["id"])
    theirs = make_project(other_account)
    log = EventReader(account)
    project_ids = [*reversed(ids(empty)), used["id"], theirs["id"], NO_SUCH_ID]

    assert account.leader.client.put("/v2/projects/delete", {"project_ids": project_ids}).status == 204

    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [("project.deleted", id) for id in ids(empty)]
    assert account.leader.client.get(used["url"]).status == 200
    assert other_account.leader.client.get(theirs["url"]).status == 200


def test_changing_projects_needs_a_leader(account: Account) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    url = project["url"]

    for person in (account.coworker, account.contractor):
        assert person.client.post("/v2/projects", {"name": "X"}).status == 403
        assert person.client.put(url, {"name": ""}).status == 403
        assert person.client.delete(url).status == 403
        assert person.client.put(f"{url}/merge").status == 403
        for action in ("archive", "unarchive"):
            assert person.client.put(f"{url}/{action}").status == 403
        for action in ("archive", "unarchive", "delete"):
            assert person.client.put(f"/v2/projects/{action}").status == 403


def test_unknown_projects_are_404(account: Account, other_account: Account) -> None:
    theirs = make_project(other_account)
    client = account.supervisor.client

    for id in (NO_SUCH_ID, theirs["id"], "abc"):
        url = f"/v2/projects/{id}"
        assert (client.get(url).status, client.get(url).body) == (404, b"")
        assert client.put(url, {"name": ""}).status == 404
        assert client.delete(url).status == 404
        for action in ("merge", "archive", "unarchive"):
            assert client.put(f"{url}/{action}").status == 404
    assert other_account.leader.client.get(theirs["url"]).json() == theirs
