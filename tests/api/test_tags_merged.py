"""``/v2/tags``: merging."""

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, archive, insert_entries, make_entry, make_project, make_tag


def test_a_merge_rewrites_entries_and_deletes_the_source(account: Account, clock: FakeClock) -> None:
    both = make_entry(account.leader, "#planing and #planning, #x #planing*")
    source, target = (account.leader.client.get(tag["url"]).json() for tag in both["tags"][:2])
    one = make_entry(account.leader, "#x #Planing")
    make_entry(account.leader, "#planning")
    target = account.leader.client.get(target["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(target["merge_url"], {"tag_id": source["id"]})

    assert (response.status, response.body) == (204, b"")
    *entries, updated, deleted, merged = log.read_new()
    assert [(event.type, event.object["id"]) for event in entries] == [
        ("entry.updated", both["id"]),
        ("entry.updated", one["id"]),
    ]
    for before, event in zip((both, one), entries, strict=True):
        after = account.supervisor.client.get(event.object["url"])
        assert event.text == after.body
        assert event.changes == {key: [before[key], after.json()[key]] for key in ("description", "tags")}
    assert entries[0].object["description"] == "#planning and #planning, #x #planning"
    assert [tag["name"] for tag in entries[0].object["tags"]] == ["planning", "x"]
    assert [tag["name"] for tag in entries[1].object["tags"]] == ["x", "planning"]
    assert (updated.type, updated.changes) == ("tag.updated", {"entries": [2, 3]})
    assert updated.object == target | {"entries": 3}
    assert account.supervisor.client.get(target["url"]).body == updated.text
    assert (deleted.type, merged.type) == ("tag.deleted", "tag.deleted.merged")
    assert deleted.text == merged.text
    assert deleted.object == source | {"entries": 0}
    assert account.leader.client.get(source["url"]).status == 404


def test_a_merge_into_an_unbillable_tag_makes_its_entries_unbillable(account: Account) -> None:
    project = make_project(account)
    entry = make_entry(account.leader, "#a, #b", project_id=project["id"])
    approve(account, entry)
    archive(account, project)
    target = make_tag(account, "off*")
    log = EventReader(account)

    account.leader.client.put(target["merge_url"], {"tag_id": entry["tags"][0]["id"]})

    after = account.leader.client.get(entry["url"]).json()
    assert (after["description"], after["billable"]) == ("#off*, #b", False)
    assert log.read_new()[0].changes.keys() == {"billable", "description", "tags"}


def test_merging_a_tag_of_the_same_entries_keeps_the_target(account: Account) -> None:
    a, b = make_entry(account.leader, "#a #b")["tags"]
    log = EventReader(account)

    account.leader.client.put(f"{a['url']}/merge", {"tag_id": b["id"]})

    assert log.read_new_types() == ["entry.updated", "tag.deleted", "tag.deleted.merged"]


def test_states_that_prevent_a_merge(account: Account, other_account: Account) -> None:
    tag, theirs = make_tag(account, "a"), make_tag(other_account, "b")
    log = EventReader(account)

    for body, fault in (
        ({}, ("tag_id", "missing_field")),
        ({"tag_id": None}, ("tag_id", "missing_field")),
        ({"tag_id": "x"}, ("tag_id", "invalid")),
        ({"tag_id": NO_SUCH_ID}, ("tag_id", "missing")),
        ({"tag_id": theirs["id"]}, ("tag_id", "missing")),
        ({"tag_id": tag["id"]}, ("tag_id", "invalid")),
    ):
        response = account.leader.client.put(tag["merge_url"], body)
        assert (response.status, response.codes) == (400, [fault])
    assert log.read_new() == []


def test_a_merge_of_more_entries_than_one_batch(account: Account) -> None:
    count = 1201
    target, source = make_tag(account, "a"), make_tag(account, "b")
    filled = insert_entries(account, count, source)
    log = EventReader(account)

    account.leader.client.put(target["merge_url"], {"tag_id": source["id"]})

    *entries, updated, _, _ = log.read_new()
    assert [event.object["id"] for event in entries] == filled
    assert {event.object["description"] for event in entries} == {"Work #a"}
    assert updated.changes == {"entries": [0, count]}
