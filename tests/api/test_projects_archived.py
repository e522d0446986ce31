"""``/v2/projects``: archiving, unarchiving, merging."""

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, archive, ids, make_entry, make_project


def test_a_used_project_is_archived_and_unarchived(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    log = EventReader(account)

    for action, enabled in (("archive", False), ("unarchive", True)):
        clock.advance(seconds=60)
        for _ in range(2):
            response = account.leader.client.put(project[f"{action}_url"])
            assert (response.status, response.body) == (204, b"")
        general, specific = log.read_new()
        assert (general.type, specific.type) == ("project.updated", f"project.updated.{action}d")
        assert general.changes == specific.changes == {"enabled": [not enabled, enabled]}
        assert general.text == specific.text == account.supervisor.client.get(project["url"]).body
        assert general.object["updated_at"] == general.created_at


def test_an_unused_project_is_not_archived(account: Account) -> None:
    response = account.leader.client.put(make_project(account)["archive_url"])

    assert response.status == 400
    assert response.refusal == {
        "message": "The Project should be deleted because it does not have any entries, expenses, or invoices.",
        "errors": [{"resource": "Project", "field": "base", "code": "deletable"}],
    }


def test_unarchiving_ignores_the_project_limit(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    make_project(account, "Second")
    account.change_settings(max_projects="1")

    assert account.leader.client.put(project["unarchive_url"]).status == 204


def test_projects_are_archived_and_unarchived_in_bulk(account: Account, other_account: Account) -> None:
    used = [make_project(account, name) for name in ("B", "A")]
    for project in used:
        make_entry(account.leader, project_id=project["id"])
    unused = make_project(account, "Unused")
    theirs = make_project(other_account)
    make_entry(other_account.leader, project_id=theirs["id"])
    log = EventReader(account)
    project_ids = [*reversed(ids(used)), unused["id"], theirs["id"], NO_SUCH_ID]

    for action in ("archive", "unarchive"):
        for _ in range(2):
            assert account.leader.client.put(f"/v2/projects/{action}", {"project_ids": project_ids}).status == 204
        events = log.read_new()
        assert [event.type for event in events] == ["project.updated", f"project.updated.{action}d"] * 2
        assert [event.object["id"] for event in events[::2]] == ids(used)
        for event in events:
            assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert other_account.leader.client.get(theirs["url"]).json()["enabled"] is True


@pytest.mark.parametrize("action", ["archive", "unarchive", "delete"])
def test_bulk_actions_require_a_list_that_may_be_empty(account: Account, action: str) -> None:
    client = account.leader.client

    assert client.put(f"/v2/projects/{action}").codes == [("project_ids", "missing_field")]
    assert client.put(f"/v2/projects/{action}", {"project_ids": ["x"]}).codes == [("project_ids[0]", "invalid")]
    assert client.put(f"/v2/projects/{action}", {"project_ids": []}).status == 204


def test_a_merge_moves_entries_and_access_to_the_target(account: Account, clock: FakeClock) -> None:
    target = make_project(account, "Target", account.coworker, billing_increment=60, budgeted_minutes=600)
    other = make_project(account, "Other", account.coworker, account.contractor, billing_increment=5)
    stays = make_entry(account.leader, project_id=target["id"])
    moved = [make_entry(account.contractor, "#a", minutes=5, project_id=other["id"]) for _ in range(2)]
    approve(account, moved[1])
    before = {each["id"]: account.leader.client.get(each["url"]).json() for each in moved}
    target = account.leader.client.get(target["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(target["merge_url"], {"project_id": other["id"]})

    assert (response.status, response.body) == (204, b"")
    *entries, updated, deleted, merged = log.read_new()
    simple = {key: target[key] for key in moved[0]["project"]}
    assert [(event.type, event.object["id"]) for event in entries] == [("entry.updated", id) for id in ids(moved)]
    for event in entries:
        assert event.changes == {"project": [before[event.object["id"]]["project"], simple]}
        assert event.object["minutes"] == 5
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    after = account.supervisor.client.get(target["url"])
    assert (updated.type, updated.text) == ("project.updated", after.body)
    assert {key: pair[1] for key, pair in updated.changes.items()} == {
        "minutes": 70,
        "billable_minutes": 70,
        "remaining_minutes": 530,
        "participants": [stays["user"], moved[0]["user"]],
        "entries": 3,
    }
    assert after.json()["updated_at"] == target["updated_at"]
    assert (deleted.type, merged.type) == ("project.deleted", "project.deleted.merged")
    assert deleted.text == merged.text
    assert deleted.object == other
    assert account.leader.client.get(other["url"]).status == 404
    for person in (account.coworker, account.contractor):
        assert ids(person.client.get("/v2/projects").json()) == [target["id"]]


def test_a_merge_reports_changed_billability(account: Account) -> None:
    target = make_project(account, "Target", billable=False)
    entry = make_entry(account.leader, project_name="Other")
    log = EventReader(account)

    account.leader.client.put(target["merge_url"], {"project_id": entry["project"]["id"]})

    assert log.read_new()[0].changes.keys() == {"billable", "project"}


def test_merging_an_empty_project_leaves_the_target_unchanged(account: Account) -> None:
    target, other = make_project(account, "Target"), make_project(account, "Other")
    log = EventReader(account)

    account.leader.client.put(target["merge_url"], {"project_id": other["id"]})

    assert log.read_new_types() == ["project.deleted", "project.deleted.merged"]


def test_states_that_prevent_a_merge(account: Account, other_account: Account) -> None:
    target, archived = make_project(account, "Target"), make_project(account, "Archived")
    make_entry(account.leader, project_id=archived["id"])
    archive(account, archived)
    theirs = make_project(other_account)
    client = account.leader.client
    log = EventReader(account)

    for body, fault in (
        ({}, ("project_id", "missing_field")),
        ({"project_id": ""}, ("project_id", "missing_field")),
        ({"project_id": "x"}, ("project_id", "invalid")),
        ({"project_id": NO_SUCH_ID}, ("project_id", "missing")),
        ({"project_id": theirs["id"]}, ("project_id", "missing")),
        ({"project_id": target["id"]}, ("project_id", "invalid")),
        ({"project_id": archived["id"]}, ("project_id", "archived_project")),
    ):
        response = client.put(target["merge_url"], body)
        assert (response.status, response.codes) == (400, [fault])
    assert client.put(archived["merge_url"]).codes == [("base", "archived_project")]
    assert log.read_new() == []
