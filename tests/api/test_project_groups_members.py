"""``/v2/project_groups``: adding and removing projects, directly and by changes of projects."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import Event, EventReader
from tests.support.factories import NO_SUCH_ID, archive, ids, make_entry, make_group, make_project

LATER = "2024-05-21T10:06:00Z"


def summary(group: dict[str, Any]) -> dict[str, Any]:
    """The form of a group inside a project."""
    return {key: group[key] for key in ("id", "name", "url")}


def check_moves(account: Account, events: list[Event], projects: list[dict[str, Any]], before: Any, after: Any) -> None:
    """Assert that each project raised an event about its new group, and shows it."""
    assert [(event.type, event.object["id"]) for event in events] == [("project.updated", id) for id in ids(projects)]
    for event in events:
        assert event.changes == {"group": [before, after]}
        assert (event.object["group"], event.object["updated_at"]) == (after, LATER)
        assert event.text == account.supervisor.client.get(event.object["url"]).body


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_adding_projects_returns_all_projects_of_the_group(
    account: Account, other_account: Account, clock: FakeClock, method: str
) -> None:
    member, first, second, others = (make_project(account, name) for name in ("Member", "First", "Alpha", "Others"))
    before = make_group(account, "Contoso", member)
    make_group(account, "Other", others)
    theirs = make_project(other_account)
    log = EventReader(account)
    clock.advance(seconds=60)
    added = [second["id"], member["id"], NO_SUCH_ID, others["id"], theirs["id"], first["id"]]

    response = account.leader.client.request(method, before["add_projects_url"], body={"project_ids": added})

    assert response.status == 200
    members = [second, first, member]
    assert response.json() == [account.leader.client.get(project["url"]).json() for project in members]
    after = account.supervisor.client.get(before["url"])
    assert ids(after.json()["projects"]) == ids(members)
    assert after.json() == before | {"projects": after.json()["projects"], "updated_at": LATER}
    updated, *moved = log.read_new()
    assert (updated.type, updated.text) == ("project_group.updated", after.body)
    assert updated.changes == {"projects": [before["projects"], after.json()["projects"]]}
    check_moves(account, moved, [first, second], None, summary(before))


def test_adding_present_projects_raises_nothing(account: Account, clock: FakeClock) -> None:
    member, others = make_project(account, "Member"), make_project(account, "Others")
    group = make_group(account, "Contoso", member)
    make_group(account, "Other", others)
    log = EventReader(account)
    clock.advance(seconds=60)

    for project_ids in ([], [member["id"]], [others["id"], NO_SUCH_ID]):
        response = account.leader.client.post(group["add_projects_url"], {"project_ids": project_ids})
        assert (response.status, ids(response.json())) == (200, [member["id"]])
    assert log.read_new() == []
    assert account.leader.client.get(group["url"]).json() == group


def test_any_number_of_projects_is_returned(account: Account) -> None:
    group = make_group(account)
    project_ids = ids([make_project(account, f"{number:02}") for number in range(31)])

    response = account.leader.client.post(group["add_projects_url"], {"project_ids": project_ids})

    assert ids(response.json()) == project_ids
    assert "link" not in response.headers
    assert len(account.leader.client.get(group["projects_url"]).json()) == 30


def test_archived_projects_can_be_added_and_removed(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    group = make_group(account)
    log = EventReader(account)
    clock.advance(seconds=60)

    for path, before, after in (
        ("add_projects_url", None, summary(group)),
        ("remove_projects_url", summary(group), None),
    ):
        assert account.leader.client.put(group[path], {"project_ids": [project["id"]]}).status < 300
        _, *moved = log.read_new()
        check_moves(account, moved, [project], before, after)


def test_projects_are_removed_from_a_group(account: Account, clock: FakeClock) -> None:
    first, second, stays, others = (make_project(account, name) for name in ("First", "Alpha", "Stays", "Others"))
    before = make_group(account, "Contoso", first, second, stays)
    other = make_group(account, "Other", others)
    log = EventReader(account)
    clock.advance(seconds=60)
    removed = [second["id"], others["id"], first["id"], NO_SUCH_ID, first["id"]]

    response = account.leader.client.put(before["remove_projects_url"], {"project_ids": removed})

    assert (response.status, response.body) == (204, b"")
    after = account.supervisor.client.get(before["url"])
    assert ids(after.json()["projects"]) == [stays["id"]]
    assert after.json()["updated_at"] == LATER
    updated, *moved = log.read_new()
    assert (updated.type, updated.text) == ("project_group.updated", after.body)
    assert updated.changes == {"projects": [before["projects"], after.json()["projects"]]}
    check_moves(account, moved, [first, second], summary(before), None)
    assert account.leader.client.get(other["url"]).json() == other


def test_all_projects_are_removed_from_a_group(account: Account, clock: FakeClock) -> None:
    projects = [make_project(account, name) for name in ("First", "Alpha")]
    before = make_group(account, "Contoso", *projects)
    other = make_group(account, "Other", make_project(account, "Others"))
    log = EventReader(account)
    clock.advance(seconds=60)

    for _ in range(2):
        response = account.leader.client.put(before["remove_all_projects_url"])
        assert (response.status, response.body) == (204, b"")

    after = account.supervisor.client.get(before["url"])
    assert after.json() == before | {"projects": [], "updated_at": LATER}
    updated, *moved = log.read_new()
    assert (updated.type, updated.text) == ("project_group.updated", after.body)
    assert updated.changes == {"projects": [before["projects"], []]}
    check_moves(account, moved, projects, summary(before), None)
    assert account.leader.client.get(other["url"]).json() == other


def test_removing_absent_projects_raises_nothing(account: Account, clock: FakeClock) -> None:
    group = make_group(account, "Contoso", make_project(account, "Member"))
    others, alone = make_project(account, "Others"), make_project(account, "Alone")
    make_group(account, "Other", others)
    log = EventReader(account)
    clock.advance(seconds=60)

    for project_ids in ([], [others["id"], alone["id"], NO_SUCH_ID]):
        response = account.leader.client.put(group["remove_projects_url"], {"project_ids": project_ids})
        assert response.status == 204
    assert log.read_new() == []
    assert account.leader.client.get(group["url"]).json() == group


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("project_ids", "missing_field")),
        ({"project_ids": None}, ("project_ids", "missing_field")),
        ({"projects": [1]}, ("project_ids", "missing_field")),
        ({"project_ids": "all"}, ("project_ids", "invalid")),
        ({"project_ids": [1, {}]}, ("project_ids[1]", "invalid")),
    ],
)
def test_malformed_project_lists_are_rejected(account: Account, body: object, fault: tuple[str, str]) -> None:
    group = make_group(account, "Contoso", make_project(account))
    log = EventReader(account)

    for method, action in (("POST", "add_projects"), ("PUT", "add_projects"), ("PUT", "remove_projects")):
        response = account.leader.client.request(method, f"{group['url']}/{action}", body=body)
        assert (response.status, response.codes) == (400, [fault])
    assert log.read_new() == []


def test_the_projects_of_a_group_are_listed_by_name_and_filtered(account: Account) -> None:
    beta = make_project(account, "beta", account.coworker, billing_increment=6)
    alpha = make_project(account, "Alpha", account.coworker, billable=False)
    gamma = make_project(account, "gamma", account.coworker)
    group = make_group(account, "Contoso", beta, alpha, gamma)
    other = make_group(account, "Other", make_project(account, "Others", account.coworker))
    make_entry(account.leader, project_id=gamma["id"])
    archive(account, gamma)

    for query, names in (
        ({}, ["Alpha", "beta", "gamma"]),
        ({"name": "AM"}, ["gamma"]),
        ({"name": "others"}, []),
        ({"billing_increment": 6}, ["beta"]),
        ({"enabled": "false"}, ["gamma"]),
        ({"billable": "false", "enabled": "true"}, ["Alpha"]),
        ({"project_group_ids": f"{group['id']},{other['id']}"}, ["Alpha", "beta", "gamma"]),
        ({"project_group_ids": other["id"]}, []),
        ({"per_page": 2, "page": 2}, ["gamma"]),
    ):
        response = account.coworker.client.get(group["projects_url"], query)
        assert response.status == 200, response.body
        assert [project["name"] for project in response.json()] == names, query
    first = account.leader.client.get(group["projects_url"], {"per_page": 2})
    assert list(first.links) == ["last", "next"]
    assert ids(account.leader.client.get(first.links["next"]).json()) == [gamma["id"]]
    assert first.json()[1] == account.leader.client.get(beta["url"]).json()


@pytest.mark.parametrize("query", ["enabled=1", "billing_increment=7", "name=%00"])
def test_malformed_project_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get(make_group(account)["projects_url"], query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])


def test_projects_are_filtered_by_group(account: Account, other_account: Account) -> None:
    one, two, three = (make_project(account, name) for name in ("One", "Two", "Three"))
    make_project(account, "Alone")
    first, second, empty = (
        make_group(account, name, *some) for name, some in (("First", [one, three]), ("Second", [two]), ("Empty", []))
    )
    theirs = make_group(other_account, "Theirs", make_project(other_account))

    for query, names in (
        (first["id"], ["One", "Three"]),
        (f"{second['id']}, {first['id']}", ["One", "Three", "Two"]),
        (empty["id"], []),
        (f"{theirs['id']},{NO_SUCH_ID}", []),
        ("", ["Alone", "One", "Three", "Two"]),
    ):
        found = account.leader.client.get("/v2/projects", {"project_group_ids": query}).json()
        assert [project["name"] for project in found] == names, query


def test_creating_a_project_in_a_group_raises_only_its_event(account: Account, clock: FakeClock) -> None:
    group = make_group(account)
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.post("/v2/projects", {"name": "Website", "project_group_id": str(group["id"])})

    assert response.status == 201
    assert response.json()["group"] == summary(group)
    [event] = log.read_new()
    assert (event.type, event.text) == ("project.created", response.body)
    shown = account.leader.client.get(group["url"]).json()
    assert ids(shown["projects"]) == [response.json()["id"]]
    assert shown["updated_at"] == group["updated_at"]


def test_an_edit_moves_a_project_between_groups_and_out(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    first, second = make_group(account, "First"), make_group(account, "Second")
    log = EventReader(account)
    clock.advance(seconds=60)

    current = None
    for group in (first, second, None):
        body = {"project_group_id": None if group is None else group["id"]}
        after = None if group is None else summary(group)
        for _ in range(2):
            response = account.leader.client.put(project["url"], body)
            assert (response.status, response.json()) == (200, project | {"group": after, "updated_at": LATER})
        # The groups raise no event, and the second request changes nothing.
        check_moves(account, log.read_new(), [project], current, after)
        current = after
        for each in (first, second):
            held = [project["id"]] if each is group else []
            shown = account.leader.client.get(each["url"]).json()
            assert (ids(shown["projects"]), shown["updated_at"]) == (held, each["updated_at"])


def test_editing_a_project_and_its_group_raises_one_event(account: Account) -> None:
    project, group = make_project(account, "Website"), make_group(account)
    log = EventReader(account)

    account.leader.client.put(project["url"], {"name": "Renamed", "project_group_id": group["id"]})

    [event] = log.read_new()
    assert event.changes == {"name": ["Website", "Renamed"], "group": [None, summary(group)]}
    account.leader.client.put(project["url"], {"color": "#123456"})
    assert account.leader.client.get(project["url"]).json()["group"] == summary(group)


def test_an_unknown_group_is_missing_for_a_project(account: Account, other_account: Account) -> None:
    group, theirs = make_group(account), make_group(other_account)
    project = make_project(account, project_group_id=group["id"])
    log = EventReader(account)

    for id, code in ((NO_SUCH_ID, "missing"), (theirs["id"], "missing"), (0, "missing"), ("x", "invalid")):
        body = {"name": "X", "project_group_id": id}
        assert account.leader.client.post("/v2/projects", body).codes == [("project_group_id", code)]
        assert account.leader.client.put(project["url"], body).codes == [("project_group_id", code)]
    assert log.read_new() == []
    assert account.leader.client.get(project["url"]).json() == project


@pytest.mark.parametrize("several", [False, True])
def test_deleting_a_project_raises_no_event_of_its_group(account: Account, several: bool) -> None:
    gone, stays = make_project(account, "Gone"), make_project(account, "Stays")
    group = make_group(account, "Contoso", gone, stays)
    text = account.supervisor.client.get(gone["url"]).body
    log = EventReader(account)

    if several:
        response = account.leader.client.put("/v2/projects/delete", {"project_ids": [gone["id"]]})
    else:
        response = account.leader.client.delete(gone["url"])

    assert response.status == 204
    [event] = log.read_new()
    assert (event.type, event.text) == ("project.deleted", text)
    assert event.object["group"] == summary(group)
    shown = account.leader.client.get(group["url"]).json()
    assert shown == group | {"projects": [each for each in group["projects"] if each["id"] == stays["id"]]}


def test_a_merge_keeps_the_targets_group(account: Account) -> None:
    target, alone, source, other = (make_project(account, name) for name in ("Target", "Alone", "Gone", "Other"))
    group, theirs = make_group(account, "Contoso", target), make_group(account, "Theirs", source, other)
    log = EventReader(account)

    for into, gone in ((target, source), (alone, other)):
        before = account.leader.client.get(into["url"]).json()
        assert account.leader.client.put(into["merge_url"], {"project_id": gone["id"]}).status == 204
        deleted, merged = log.read_new()
        assert (deleted.type, merged.type) == ("project.deleted", "project.deleted.merged")
        assert deleted.object["group"] == summary(theirs)
        assert account.leader.client.get(into["url"]).json() == before
    assert account.leader.client.get(group["url"]).json() == group
    assert account.leader.client.get(theirs["url"]).json() == theirs | {"projects": []}
