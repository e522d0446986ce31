"""``/v2/entries``: approve and unapprove entries."""

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, archive, make_entry, make_project, mark_as_invoiced


def test_an_entry_is_approved_by_the_caller(account: Account, clock: FakeClock) -> None:
    before = make_entry(account.contractor, "#a")
    log = EventReader(account)
    clock.advance(seconds=90)

    response = account.supervisor.client.put(before["approved_url"])

    assert (response.status, response.body) == (204, b"")
    after = account.leader.client.get(before["url"]).json()
    assert after["approved_at"] == after["updated_at"] == "2024-05-21T10:06:30Z"
    assert after["approved_by"]["id"] == account.supervisor.id
    general, specific = log.read_new()
    assert (general.type, specific.type) == ("entry.updated", "entry.updated.approved")
    assert general.created_at == specific.created_at == "2024-05-21T10:06:30Z"
    assert general.changes == specific.changes
    assert general.changes == {key: [None, after[key]] for key in ("approved_at", "approved_by")}
    assert general.text == specific.text == account.supervisor.client.get(before["url"]).body


def test_an_approval_may_be_dated(account: Account) -> None:
    entry = make_entry(account.contractor)

    account.supervisor.client.put(entry["approved_url"], {"approved_at": "2024-05-01T12:00:00+02:00"})

    assert account.leader.client.get(entry["url"]).json()["approved_at"] == "2024-05-01T10:00:00Z"


def test_an_approved_entry_is_unapproved(account: Account) -> None:
    entry = make_entry(account.contractor)
    approve(account, entry)
    before = account.leader.client.get(entry["url"]).json()
    log = EventReader(account)

    for _ in range(2):
        assert account.supervisor.client.put(entry["unapproved_url"]).status == 204

    after = account.leader.client.get(entry["url"]).json()
    assert (after["approved_at"], after["approved_by"]) == (None, None)
    general, specific = log.read_new()
    assert (general.type, specific.type) == ("entry.updated", "entry.updated.unapproved")
    assert specific.changes == {key: [before[key], None] for key in ("approved_at", "approved_by")}


def test_states_that_prevent_approval(account: Account) -> None:
    project = make_project(account)
    archived = make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    approved = make_entry(account.leader)
    approve(account, approved)
    invoiced = make_entry(account.leader)
    mark_as_invoiced(account, invoiced)
    plain = make_entry(account.leader)
    client = account.supervisor.client
    log = EventReader(account)

    assert client.put(archived["approved_url"]).codes == [("base", "archived_project")]
    assert client.put(archived["unapproved_url"]).codes == [("base", "archived_project")]
    assert client.put(approved["approved_url"]).codes == [("base", "already_approved")]
    assert client.put(plain["approved_url"], {"approved_at": "now"}).codes == [("approved_at", "invalid")]
    assert log.read_new() == []
    assert client.put(invoiced["approved_url"]).status == 204


def test_bulk_approval_skips_ineligible_entries(account: Account, other_account: Account) -> None:
    project = make_project(account)
    archived = make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    approved = make_entry(account.leader)
    approve(account, approved)
    plain = [make_entry(account.leader, "#a") for _ in range(3)]
    theirs = make_entry(other_account.leader)
    log = EventReader(account)
    all_ids = [each["id"] for each in (*reversed(plain), archived, approved, theirs)]

    response = account.supervisor.client.put(
        "/v2/entries/approved", {"entry_ids": [*all_ids, NO_SUCH_ID, 10**30, plain[0]["id"]]}
    )

    assert response.status == 204
    events = log.read_new()
    assert [event.type for event in events] == ["entry.updated", "entry.updated.approved"] * 3
    assert [event.object["id"] for event in events[::2]] == [each["id"] for each in plain]
    for event in events:
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert other_account.leader.client.get(theirs["url"]).json()["approved_at"] is None

    response = account.supervisor.client.put("/v2/entries/unapproved", {"entry_ids": [str(id) for id in all_ids]})

    assert response.status == 204
    events = log.read_new()
    assert [event.type for event in events] == ["entry.updated", "entry.updated.unapproved"] * 4
    assert [event.object["id"] for event in events[::2]] == [each["id"] for each in (approved, *plain)]


@pytest.mark.parametrize("action", ["approved", "unapproved"])
def test_bulk_actions_require_a_list_that_may_be_empty(account: Account, action: str) -> None:
    client = account.supervisor.client
    log = EventReader(account)

    assert client.put(f"/v2/entries/{action}").codes == [("entry_ids", "missing_field")]
    assert client.put(f"/v2/entries/{action}", {"entry_ids": None}).codes == [("entry_ids", "missing_field")]
    assert client.put(f"/v2/entries/{action}", {"entry_ids": [1, "x", {}]}).codes == [
        ("entry_ids[1]", "invalid"),
        ("entry_ids[2]", "invalid"),
    ]
    assert client.put(f"/v2/entries/{action}", {"entry_ids": []}).status == 204
    assert log.read_new() == []


@pytest.mark.parametrize("action", ["approved", "unapproved"])
def test_approval_needs_a_supervisor_and_the_feature(account: Account, action: str) -> None:
    entry = make_entry(account.contractor)

    for role in ("leader", "contractor"):
        assert account.people[role].client.put(f"/v2/entries/{entry['id']}/{action}").status == 403
        assert account.people[role].client.put(f"/v2/entries/{action}").status == 403
    account.change_settings(approvals="off")
    for path in (f"/v2/entries/{entry['id']}/{action}", f"/v2/entries/{NO_SUCH_ID}/{action}", f"/v2/entries/{action}"):
        response = account.supervisor.client.put(path)
        assert (response.status, response.json()) == (403, {"message": "Account does not include this feature"})
