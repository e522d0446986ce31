"""``/v2/tags``: reading, creating, renaming and deleting."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import (
    NO_SUCH_ID,
    approve,
    archive,
    give_access,
    ids,
    make_entry,
    make_project,
    make_tag,
    mark_as_invoiced,
)

KEYS = [
    "id", "name", "billable", "formatted_name", "url", "import", "entries", "entries_url", "merge_url", "created_at",
    "updated_at",
]  # fmt: skip


def test_tags_are_created_from_names(account: Account) -> None:
    make_tag(account, "known")
    log = EventReader(account)
    names = ["#planning", "holiday*", "Known", "PLANNING", "two words", "", "x" * 31, "x" * 300, " größe "]

    response = account.contractor.client.post("/v2/tags", {"names": names})

    assert response.status == 201
    assert "location" not in response.headers
    created = response.json()
    assert [tag["formatted_name"] for tag in created] == ["#planning", "#holiday*", "#größe"]
    tag = created[1]
    assert list(tag) == KEYS
    url = f"{account.base_url}/v2/tags/{tag['id']}"
    assert tag == {
        "id": tag["id"],
        "name": "holiday",
        "billable": False,
        "formatted_name": "#holiday*",
        "url": url,
        "import": None,
        "entries": 0,
        "entries_url": f"{url}/entries",
        "merge_url": f"{url}/merge",
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
    }
    events = log.read_new()
    assert [(event.type, event.changes, event.object) for event in events] == [
        ("tag.created", {}, tag) for tag in created
    ]
    for event in events:
        assert account.supervisor.client.get(event.object["url"]).body == event.text


@pytest.mark.parametrize("names", [[], ["Known"], ["no tag!"]])
def test_names_without_a_tag_are_skipped(account: Account, names: list[str]) -> None:
    make_tag(account, "known")
    log = EventReader(account)

    response = account.leader.client.post("/v2/tags", {"names": names})

    assert (response.status, response.json()) == (201, [])
    assert log.read_new() == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("names", "missing_field")),
        ({"names": None}, ("names", "missing_field")),
        ({"names": 5}, ("names", "invalid")),
        ({"names": ["a", None]}, ("names[1]", "invalid")),
    ],
)
def test_malformed_names_are_rejected(account: Account, body: dict[str, Any], fault: tuple[str, str]) -> None:
    assert account.leader.client.post("/v2/tags", body).codes == [fault]


def test_a_setting_decides_which_roles_create_tags(account: Account) -> None:
    account.change_settings(tag_creation_role="coworker")

    assert account.contractor.client.post("/v2/tags", {"names": ["a"]}).status == 403
    assert account.coworker.client.post("/v2/tags", {"names": ["a"]}).status == 201


def test_a_supervisors_only_setting_also_stops_leaders_editing_tags(account: Account) -> None:
    tag = make_tag(account, "a")
    account.change_settings(tag_creation_role="supervisor")

    for method, path in (("PUT", ""), ("PUT", "/merge"), ("DELETE", "")):
        assert account.leader.client.request(method, tag["url"] + path).status == 403
    assert account.leader.client.put("/v2/tags/delete").status == 403
    assert account.supervisor.client.delete(tag["url"]).status == 204


def test_tags_are_listed_by_name_and_filtered(account: Account) -> None:
    for name in ("gamma*", "Beta", "alpha"):
        make_tag(account, name)

    for query, names in (
        ({}, ["alpha", "Beta", "gamma"]),
        ({"name": "ETA"}, ["Beta"]),
        ({"name": "MA"}, ["gamma"]),
        ({"billable": "true"}, ["alpha", "Beta"]),
        ({"billable": "false"}, ["gamma"]),
        ({"per_page": 1, "page": 2}, ["Beta"]),
    ):
        assert [tag["name"] for tag in account.leader.client.get("/v2/tags", query).json()] == names
    assert account.leader.client.get("/v2/tags", "billable=maybe").codes == [("billable", "invalid")]


def test_a_tag_counts_its_entries(account: Account) -> None:
    tag = make_tag(account, "a")
    make_entry(account.leader, "#a")
    make_entry(account.contractor, "#A again")

    assert account.leader.client.get(tag["url"]).json() == tag | {"entries": 2}


def test_contractors_see_the_tags_of_their_projects_and_entries(account: Account) -> None:
    project = make_project(account, "Open", account.contractor)
    make_entry(account.leader, "#theirs", project_id=project["id"])
    make_entry(account.leader, "#hidden", project_name="Closed")
    hidden = make_entry(account.leader, "#nowhere")["tags"][0]
    make_entry(account.contractor, "#own")
    make_tag(account, "unused")

    def seen(role: str) -> list[str]:
        return [tag["name"] for tag in account.people[role].client.get("/v2/tags").json()]

    assert seen("contractor") == ["own", "theirs"]
    assert seen("coworker") == seen("leader") == ["hidden", "nowhere", "own", "theirs", "unused"]
    assert account.contractor.client.get(hidden["url"]).status == 404


def test_a_rename_rewrites_hashtags_and_raises_entry_updated(account: Account, clock: FakeClock) -> None:
    first = make_entry(account.leader, "#planning, then #Planning* and #other; planning")
    second = make_entry(account.contractor, "(#PLANNING)")
    unconcerned = make_entry(account.leader, "#other #planningx")
    tag = account.leader.client.get(first["tags"][0]["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(tag["url"], {"name": "Scoping"})

    assert response.status == 200
    renamed = response.json()
    assert renamed == tag | {"name": "Scoping", "formatted_name": "#Scoping", "updated_at": "2024-05-21T10:06:00Z"}
    updated, *entries = log.read_new()
    assert (updated.type, updated.text) == ("tag.updated", response.body)
    assert updated.changes == {"name": ["planning", "Scoping"], "formatted_name": ["#planning", "#Scoping"]}
    assert [(event.type, event.object["id"]) for event in entries] == [
        ("entry.updated", first["id"]),
        ("entry.updated", second["id"]),
    ]
    assert entries[0].object["description"] == "#Scoping, then #Scoping and #other; planning"
    assert entries[1].object["description"] == "(#Scoping)"
    for before, event in ((first, entries[0]), (second, entries[1])):
        assert event.changes == {key: [before[key], event.object[key]] for key in ("description", "tags")}
        assert event.object["updated_at"] == "2024-05-21T10:06:00Z"
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert account.leader.client.get(unconcerned["url"]).json() == unconcerned
    assert ids(account.leader.client.get("/v2/entries", {"description": "#scoping"}).json()) == ids([second, first])


def test_a_star_in_the_name_makes_a_tag_and_its_entries_unbillable(account: Account) -> None:
    entry = make_entry(account.leader, "#planning")
    log = EventReader(account)

    response = account.leader.client.put(entry["tags"][0]["url"], {"name": "#planning*"})

    assert (response.json()["billable"], response.json()["formatted_name"]) == (False, "#planning*")
    updated, rewritten = log.read_new()
    assert updated.changes == {"billable": [True, False], "formatted_name": ["#planning", "#planning*"]}
    assert rewritten.changes.keys() == {"billable", "description", "tags"}
    after = account.leader.client.get(entry["url"]).json()
    assert (after["billable"], after["description"]) == (False, "#planning*")
    assert account.leader.client.put(entry["tags"][0]["url"], {"name": "planning"}).json()["billable"] is True
    assert account.leader.client.get(entry["url"]).json()["description"] == "#planning"


def test_entries_whose_text_stays_raise_no_event(account: Account) -> None:
    make_tag(account, "planning")
    entry = make_entry(account.leader, "#planning*")
    log = EventReader(account)

    account.leader.client.put(entry["tags"][0]["url"], {"name": "planning*"})

    assert log.read_new_types() == ["tag.updated"]


def test_a_rename_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock) -> None:
    tag = make_tag(account, "holiday*")
    log = EventReader(account)
    clock.advance(seconds=60)

    for body in ({}, {"name": "holiday*"}, {"name": "#holiday*"}):
        assert account.leader.client.put(tag["url"], body).json() == tag
    assert log.read_new() == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "missing_field"),
        (None, "missing_field"),
        ("TAKEN", "already_exists"),
        ("two words", "invalid"),
        ("x" * 31, "invalid"),
        ("a.b", "invalid"),
        ("a**", "invalid"),
        (5, "invalid"),
    ],
)
def test_a_malformed_rename_is_rejected(account: Account, name: object, code: str) -> None:
    make_tag(account, "taken")
    tag = make_tag(account, "free")

    response = account.leader.client.put(tag["url"], {"name": name})

    assert (response.status, response.codes) == (400, [("name", code)])


def test_a_rename_may_change_only_the_case(account: Account) -> None:
    entry = make_entry(account.leader, "#planning")

    assert account.leader.client.put(entry["tags"][0]["url"], {"name": "PLANNING"}).json()["name"] == "PLANNING"
    assert account.leader.client.get(entry["url"]).json()["description"] == "#PLANNING"


def test_deleting_a_tag_leaves_its_word_in_descriptions(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    entry = make_entry(account.leader, "#Off* for #b, #off!", project_id=project["id"])
    approve(account, entry)
    mark_as_invoiced(account, entry)
    archive(account, project)
    before = account.leader.client.get(entry["url"]).json()
    tag_url = entry["tags"][0]["url"]
    text = account.supervisor.client.get(tag_url).body
    log = EventReader(account)
    clock.advance(seconds=60)

    assert account.leader.client.delete(tag_url).status == 204

    updated, deleted = log.read_new()
    after = account.leader.client.get(entry["url"])
    assert after.json()["description"] == "Off for #b, off!"
    assert (updated.type, updated.text) == ("entry.updated", after.body)
    assert updated.changes == {key: [before[key], after.json()[key]] for key in ("billable", "description", "tags")}
    assert (deleted.type, deleted.changes, deleted.text) == ("tag.deleted", {}, text)
    assert account.leader.client.get(tag_url).status == 404
    assert make_entry(account.leader, "#off")["tags"][0]["url"] != tag_url


def test_tags_are_deleted_in_bulk_in_order(account: Account, other_account: Account) -> None:
    first, second = make_entry(account.leader, "#a #b #c")["tags"][:2]
    theirs = make_tag(other_account, "a")
    log = EventReader(account)
    tag_ids = [second["id"], theirs["id"], NO_SUCH_ID, first["id"]]

    assert account.leader.client.put("/v2/tags/delete", {"tag_ids": tag_ids}).status == 204

    events = log.read_new()
    assert [event.type for event in events] == ["entry.updated", "tag.deleted"] * 2
    assert [event.object["id"] for event in events[1::2]] == ids([first, second])
    assert [event.object["description"] for event in events[::2]] == ["a #b #c", "a b #c"]
    assert other_account.leader.client.get(theirs["url"]).status == 200


@pytest.mark.parametrize("body", [b"", {"tag_ids": []}, {"tag_ids": None}])
def test_deleting_no_tags_does_nothing(account: Account, body: Any) -> None:
    make_tag(account, "a")
    log = EventReader(account)

    assert account.leader.client.put("/v2/tags/delete", body).status == 204
    assert log.read_new() == []


def test_changing_tags_needs_a_leader(account: Account) -> None:
    project = make_project(account, "Open", account.contractor)
    give_access(account, account.coworker, project)
    tag = make_entry(account.contractor, "#a", project_id=project["id"])["tags"][0]

    for person in (account.coworker, account.contractor):
        assert person.client.put(tag["url"], {"name": ""}).status == 403
        assert person.client.put(f"{tag['url']}/merge").status == 403
        assert person.client.delete(tag["url"]).status == 403
        assert person.client.put("/v2/tags/delete").status == 403


def test_unknown_tags_are_404(account: Account, other_account: Account) -> None:
    theirs = make_tag(other_account, "a")
    client = account.supervisor.client

    for id in (NO_SUCH_ID, theirs["id"], "abc"):
        url = f"/v2/tags/{id}"
        assert (client.get(url).status, client.get(url).body) == (404, b"")
        assert client.put(url, {"name": ""}).status == 404
        assert client.put(f"{url}/merge").status == 404
        assert client.delete(url).status == 404
    assert client.get("/v2/tags").json() == []
