"""``/v2/entries``: edit entries, and the states that prevent it."""

from typing import Any

import pytest

from tests.api.test_entries import KEYS
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import (
    DAY,
    NO_SUCH_ID,
    approve,
    archive,
    give_access,
    make_entry,
    make_project,
    mark_as_invoiced,
)


def test_an_edit_raises_entry_updated_with_the_changes(account: Account, clock: FakeClock) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other", billing_increment=60)
    before = make_entry(account.leader, "#a #b", minutes=15, project_id=one["id"])
    give_access(account, account.coworker, other)
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(
        f"/v2/entries/{before['id']}",
        {
            "date": "2024-05-22",
            "user_id": account.coworker.id,
            "description": "#b #new*",
            "project_id": other["id"],
            "source_url": "ssh://host/commit",
        },
    )

    assert response.status == 200
    after = response.json()
    assert after["minutes"] == 60
    assert after["updated_at"] == "2024-05-21T10:06:00Z"
    tag, updated = log.read_new()
    assert (tag.type, updated.type) == ("tag.created", "entry.updated")
    for event in (tag, updated):
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert updated.text == response.body
    assert updated.changes == {key: [before[key], after[key]] for key in KEYS[:9] if before[key] != after[key]}
    assert list(updated.changes) == [
        "date", "user", "billable", "minutes", "description", "project", "tags", "source_url",
    ]  # fmt: skip


def test_an_edit_changes_only_the_given_keys(account: Account) -> None:
    project = make_project(account)
    before = make_entry(account.leader, "#a", project_id=project["id"], source_url="https://a.test/")

    after = account.leader.client.put(f"/v2/entries/{before['id']}", {"date": "2024-05-01"}).json()

    assert after == before | {"date": "2024-05-01"}


def test_blank_keys_are_cleared(account: Account) -> None:
    project = make_project(account)
    before = make_entry(account.leader, "#a", project_id=project["id"], source_url="https://a.test/")
    blank = {"minutes": "", "description": None, "project_id": None, "source_url": ""}

    after = account.leader.client.put(f"/v2/entries/{before['id']}", blank).json()

    assert after == before | {"minutes": 0, "description": "", "tags": [], "project": None, "source_url": None}


def test_an_edit_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    before = make_entry(account.leader, "#a", minutes=15, project_id=project["id"])
    account.leader.client.put(f"/v2/projects/{project['id']}", {"billing_increment": 60})
    before = account.leader.client.get(before["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)
    same = {"date": DAY, "minutes": 15, "description": "#a", "project_name": project["name"].upper()}

    for body in ({}, same, {"project_id": project["id"]}, {"user_id": account.leader.id}):
        response = account.leader.client.put(f"/v2/entries/{before['id']}", body)
        assert (response.status, response.json()) == (200, before)
    assert log.read_new() == []


def test_minutes_are_rounded_again_when_they_or_the_project_change(account: Account) -> None:
    five, sixty = make_project(account, "5", billing_increment=5), make_project(account, "60", billing_increment=60)
    entry = make_entry(account.leader, minutes=7)
    client = account.leader.client
    minutes = [
        client.put(entry["url"], body).json()["minutes"]
        for body in (
            {"project_id": five["id"]},
            {"minutes": 12},
            {"project_name": "60"},
            {"project_id": None},
            {"minutes": 61, "project_id": sixty["id"]},
            {"minutes": 7, "project_name": ""},
        )
    ]

    assert minutes == [10, 15, 60, 60, 120, 7]


def test_an_edit_creates_projects_and_tags_like_create(account: Account) -> None:
    entry = make_entry(account.leader)
    log = EventReader(account)

    response = account.leader.client.put(entry["url"], {"project_name": "Fresh", "description": "#fresh"})

    events = log.read_new()
    assert [event.type for event in events] == ["project.created", "tag.created", "entry.updated"]
    for event in events:
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert response.json()["project"]["name"] == "Fresh"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"date": None}, [("date", "missing_field")]),
        ({"user_id": ""}, [("user_id", "missing_field")]),
        ({"minutes": -1, "date": "never"}, [("date", "invalid"), ("minutes", "invalid")]),
        ({"user_id": NO_SUCH_ID}, [("user_id", "missing")]),
        ({"project_id": NO_SUCH_ID}, [("project_id", "missing")]),
        ({"project_id": "x"}, [("project_id", "invalid")]),
    ],
)
def test_a_malformed_edit_is_rejected(account: Account, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    entry = make_entry(account.leader, "#a")

    response = account.leader.client.put(entry["url"], body)

    assert (response.status, response.codes) == (400, faults)
    assert account.leader.client.get(entry["url"]).json() == entry


def test_an_edit_obeys_the_limits_and_permissions_of_create(account: Account) -> None:
    open_project = make_project(account, "Open", account.contractor)
    entry = make_entry(account.contractor, project_id=open_project["id"])
    closed_project = make_project(account, "Closed")
    make_entry(account.leader, project_id=closed_project["id"])
    account.change_settings(tag_creation_role="leader", max_projects="1")

    for body, fault in (
        ({"description": "#new"}, ("description", "cannot_create_tags")),
        ({"project_name": "Fresh"}, ("project_name", "cannot_create_projects")),
        ({"project_id": closed_project["id"]}, ("project_id", "insufficent_permissions")),
        ({"user_id": account.leader.id}, ("user_id", "insufficent_permissions")),
    ):
        assert account.contractor.client.put(entry["url"], body).codes == [fault]
    own = make_entry(account.leader)
    response = account.leader.client.put(own["url"], {"project_name": "Fresh"})
    assert response.codes == [("project_name", "reached_project_limit")]
    archive(account, closed_project)
    response = account.leader.client.put(own["url"], {"project_id": closed_project["id"]})
    assert response.codes == [("project_id", "archived_project")]


def test_moving_an_entry_needs_the_new_users_project_access(account: Account) -> None:
    project = make_project(account)
    entry = make_entry(account.leader, project_id=project["id"])

    response = account.leader.client.put(entry["url"], {"user_id": account.contractor.id})

    assert response.codes == [("project_id", "insufficent_permissions")]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_leaders_edit_entries_of_others(account: Account, method: str) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    entry = make_entry(account.leader, project_id=project["id"])
    coworkers = make_entry(account.coworker, project_id=project["id"])

    assert account.coworker.client.request(method, entry["url"]).status == 403
    assert account.contractor.client.request(method, entry["url"]).status == 404
    assert account.coworker.client.request(method, coworkers["url"]).status in (200, 204)
    assert account.leader.client.request(method, entry["url"]).status in (200, 204)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_first_reason_that_locks_an_entry_is_reported(account: Account, method: str) -> None:
    project = make_project(account)
    entry = make_entry(account.leader, project_id=project["id"])
    client = account.leader.client
    mark_as_invoiced(account, entry)
    approve(account, entry)
    invoiced = make_entry(account.leader, project_id=project["id"])
    mark_as_invoiced(account, invoiced)
    plain = make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    log = EventReader(account)

    for each, code in ((entry, "approved_and_locked"), (invoiced, "invoiced"), (plain, "archived_project")):
        response = client.request(method, each["url"], body={"minutes": "x"} if method == "PUT" else b"")
        assert (response.status, response.codes) == (400, [("base", code)])
        assert response.json()["message"].startswith("The Entry ")
    assert log.read_new() == []
