"""``/v2/project_groups``: reading, creating, renaming and deleting, and the entries of a group."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, archive, give_access, ids, make_entry, make_group, make_project

KEYS = [
    "id", "name", "projects", "url", "entries_url", "invoices_url", "projects_url", "created_at", "updated_at",
    "add_projects_url", "remove_projects_url", "remove_all_projects_url",
]  # fmt: skip
SIMPLE_KEYS = ["id", "name", "billing_increment", "enabled", "billable", "color", "url"]
ACTIONS = ["add_projects", "remove_projects", "remove_all_projects"]


def simple(project: dict[str, Any]) -> dict[str, Any]:
    """The form of a project inside a group."""
    return {key: project[key] for key in SIMPLE_KEYS}


def summary(group: dict[str, Any]) -> dict[str, Any]:
    """The form of a group inside a project."""
    return {key: group[key] for key in ("id", "name", "url")}


def test_creating_a_group_updates_its_projects(account: Account, clock: FakeClock) -> None:
    website, app = make_project(account, "Website"), make_project(account, "App", billable=False)
    log = EventReader(account)
    clock.advance(seconds=60)
    project_ids = [app["id"], website["id"], app["id"]]

    response = account.leader.client.post("/v2/project_groups", {"name": " Contoso ", "project_ids": project_ids})

    assert response.status == 201
    group = response.json()
    assert list(group) == KEYS
    url = f"{account.base_url}/v2/project_groups/{group['id']}"
    assert response.headers["location"] == url
    assert group == {
        "id": group["id"],
        "name": "Contoso",
        "projects": [simple(app), simple(website)],
        "url": url,
        "entries_url": f"{url}/entries",
        "invoices_url": f"{url}/invoices",
        "projects_url": f"{url}/projects",
        "created_at": "2024-05-21T10:06:00Z",
        "updated_at": "2024-05-21T10:06:00Z",
        "add_projects_url": f"{url}/add_projects",
        "remove_projects_url": f"{url}/remove_projects",
        "remove_all_projects_url": f"{url}/remove_all_projects",
    }
    assert [list(project) for project in group["projects"]] == [SIMPLE_KEYS] * 2
    created, *updated = log.read_new()
    assert (created.type, created.changes, created.text) == ("project_group.created", {}, response.body)
    assert account.supervisor.client.get(url).body == response.body
    assert [(event.type, event.object["id"]) for event in updated] == [
        ("project.updated", website["id"]),
        ("project.updated", app["id"]),
    ]
    for before, event in zip((website, app), updated, strict=True):
        assert event.changes == {"group": [None, summary(group)]}
        assert list(event.object["group"]) == ["id", "name", "url"]
        assert event.object == before | {"group": summary(group), "updated_at": "2024-05-21T10:06:00Z"}
        assert event.text == account.supervisor.client.get(before["url"]).body


def test_projects_of_another_group_are_moved_to_a_new_one(account: Account, clock: FakeClock) -> None:
    moved, stays = make_project(account, "Moved"), make_project(account, "Stays")
    old = make_group(account, "Old", moved, stays)
    log = EventReader(account)
    clock.advance(seconds=60)

    new = make_group(account, "New", moved)

    created, updated = log.read_new()
    assert (created.type, ids(created.object["projects"])) == ("project_group.created", [moved["id"]])
    assert (updated.type, updated.object["id"]) == ("project.updated", moved["id"])
    assert updated.changes == {"group": [summary(old), summary(new)]}
    # The other group raises no event; the project does.
    assert account.leader.client.get(old["url"]).json() == old | {"projects": [simple(stays)]}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"project_ids": []}, []),
        ({"projects": ["One"]}, ["One"]),
        ({"project_ids": ["Two"], "projects": ["One"]}, ["Two"]),
        ({"project_ids": [], "projects": ["One"]}, []),
    ],
)
def test_projects_are_accepted_under_the_older_key_or_absent(
    account: Account, given: dict[str, list[str]], names: list[str]
) -> None:
    projects = {name: make_project(account, name)["id"] for name in ("One", "Two")}
    project_ids = {key: [projects[name] for name in some] for key, some in given.items()}
    log = EventReader(account)

    response = account.leader.client.post("/v2/project_groups", {"name": "Contoso", **project_ids})

    assert response.status == 201
    assert ids(response.json()["projects"]) == [projects[name] for name in names]
    assert log.read_new_types() == ["project_group.created", *["project.updated"] * len(names)]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("name", "missing_field"), ("project_ids", "missing_field")]),
        ({"name": "  ", "project_ids": []}, [("name", "missing_field")]),
        ({"name": "X", "project_ids": None}, [("project_ids", "missing_field")]),
        ({"name": "x" * 256, "project_ids": []}, [("name", "invalid")]),
        ({"name": 5, "project_ids": "all"}, [("name", "invalid"), ("project_ids", "invalid")]),
        ({"name": "X", "project_ids": [0, "a"]}, [("project_ids[1]", "invalid"), ("project_ids[0]", "missing")]),
        ({"name": "X", "projects": [NO_SUCH_ID]}, [("project_ids[0]", "missing")]),
        ({"name": "CONTOSO", "project_ids": []}, [("name", "already_exists")]),
        (
            {"name": "Contoso", "project_ids": [NO_SUCH_ID, 0, 10**12]},
            [("name", "already_exists"), *((f"project_ids[{index}]", "missing") for index in range(3))],
        ),
    ],
)
def test_a_malformed_group_is_rejected(account: Account, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    make_group(account)
    log = EventReader(account)

    response = account.leader.client.post("/v2/project_groups", body)

    assert (response.status, response.codes) == (400, faults)
    assert response.json()["errors"][0]["resource"] == "ProjectGroup"
    assert log.read_new() == []


def test_unknown_projects_are_named_by_index_and_nothing_moves(account: Account, other_account: Account) -> None:
    project, theirs = make_project(account), make_project(other_account)
    project_ids = [project["id"], theirs["id"], project["id"], NO_SUCH_ID]

    response = account.leader.client.post("/v2/project_groups", {"name": "Contoso", "project_ids": project_ids})

    assert (response.status, response.codes) == (400, [("project_ids[1]", "missing"), ("project_ids[3]", "missing")])
    assert account.leader.client.get("/v2/project_groups").json() == []
    assert account.leader.client.get(project["url"]).json() == project


def test_two_accounts_may_use_the_same_group_name(account: Account, other_account: Account) -> None:
    assert make_group(account)["id"] != make_group(other_account)["id"]


def test_groups_are_listed_by_name_and_filtered(account: Account, other_account: Account) -> None:
    one, two, three, alone = (make_project(account, name) for name in ("One", "Two", "Three", "Alone"))
    for name, projects in (("beta", [one]), ("Alpha", [two, three]), ("Ähre", []), ("gamma", [])):
        make_group(account, name, *projects)
    theirs = make_project(other_account)
    make_group(other_account, "Alpha", theirs)

    for query, names in (
        ({}, ["Alpha", "beta", "gamma", "Ähre"]),
        ({"name": "ÄHR"}, ["Ähre"]),
        ({"name": "AM"}, ["gamma"]),
        ({"name": ""}, ["Alpha", "beta", "gamma", "Ähre"]),
        ({"project_ids": two["id"]}, ["Alpha"]),
        ({"project_ids": f"{one['id']},{two['id']},{three['id']}"}, ["Alpha", "beta"]),
        ({"project_ids": f"{one['id']},{two['id']}", "name": "B"}, ["beta"]),
        ({"project_ids": alone["id"]}, []),
        ({"project_ids": f"{NO_SUCH_ID},{theirs['id']}"}, []),
        ({"per_page": 3, "page": 2}, ["Ähre"]),
    ):
        found = account.leader.client.get("/v2/project_groups", query).json()
        assert [group["name"] for group in found] == names, query
    first = account.leader.client.get("/v2/project_groups", {"per_page": 3})
    assert list(first.links) == ["last", "next"]
    assert [group["name"] for group in account.leader.client.get(first.links["next"]).json()] == ["Ähre"]
    assert first.json()[0] == account.leader.client.get(first.json()[0]["url"]).json()


@pytest.mark.parametrize("query", ["project_ids=all", "name=%00"])
def test_malformed_group_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get("/v2/project_groups", query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])


def test_a_rename_raises_an_event_of_the_group_only(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    before = make_group(account, "Contoso", project)
    project = account.leader.client.get(project["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(before["url"], {"name": "Contoso & Co", "project_ids": []})

    assert response.status == 200
    assert response.json() == before | {"name": "Contoso & Co", "updated_at": "2024-05-21T10:06:00Z"}
    [event] = log.read_new()
    assert (event.type, event.changes) == ("project_group.updated", {"name": ["Contoso", "Contoso & Co"]})
    assert event.text == response.body == account.supervisor.client.get(before["url"]).body
    assert ids(account.leader.client.get("/v2/project_groups", {"name": "& co"}).json()) == [before["id"]]
    assert account.leader.client.get(project["url"]).json() == project | {"group": summary(response.json())}


def test_a_rename_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock) -> None:
    group = make_group(account, "Contoso", make_project(account))
    log = EventReader(account)
    clock.advance(seconds=60)

    bodies: list[dict[str, Any]] = [{}, {"name": " Contoso "}, {"projects": []}]
    for body in bodies:
        assert account.leader.client.put(group["url"], body).json() == group
    assert log.read_new() == []


@pytest.mark.parametrize(
    ("name", "code"), [("", "missing_field"), (None, "missing_field"), ("OTHER", "already_exists"), (5, "invalid")]
)
def test_a_malformed_rename_is_rejected(account: Account, name: object, code: str) -> None:
    group = make_group(account)
    make_group(account, "Other")
    log = EventReader(account)

    response = account.leader.client.put(group["url"], {"name": name})

    assert (response.status, response.codes) == (400, [("name", code)])
    assert log.read_new() == []


def test_a_rename_may_change_only_the_case(account: Account) -> None:
    group = make_group(account)

    assert account.leader.client.put(group["url"], {"name": "CONTOSO"}).json()["name"] == "CONTOSO"


def test_deleting_a_group_updates_its_projects_first(account: Account, clock: FakeClock) -> None:
    website, app = make_project(account, "Website"), make_project(account, "App")
    make_entry(account.leader, project_id=app["id"])
    archive(account, app)
    group = make_group(account, "Contoso", website, app)
    text = account.supervisor.client.get(group["url"]).body
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.delete(group["url"])

    assert (response.status, response.body) == (204, b"")
    *updated, deleted = log.read_new()
    assert [(event.type, event.object["id"]) for event in updated] == [
        ("project.updated", website["id"]),
        ("project.updated", app["id"]),
    ]
    for event in updated:
        assert event.changes == {"group": [summary(group), None]}
        assert event.object["updated_at"] == "2024-05-21T10:06:00Z"
        assert event.text == account.supervisor.client.get(event.object["url"]).body
    assert (deleted.type, deleted.changes, deleted.text) == ("project_group.deleted", {}, text)
    assert account.leader.client.get(group["url"]).status == 404
    assert account.leader.client.get("/v2/project_groups").json() == []
    make_group(account, "Contoso", website)


def test_deleting_an_empty_group_raises_one_event(account: Account) -> None:
    group = make_group(account)
    log = EventReader(account)

    assert account.leader.client.delete(group["url"]).status == 204
    assert log.read_new_types() == ["project_group.deleted"]


def test_entries_of_a_group_follow_its_current_projects(account: Account) -> None:
    website, app, other = (make_project(account, name, account.coworker) for name in ("Website", "App", "Other"))
    group = make_group(account, "Contoso", website, app)
    make_entry(account.leader, "website #a", date="2024-05-01", project_id=website["id"])
    make_entry(account.coworker, "app #a", date="2024-05-03", project_id=app["id"])
    approved = make_entry(account.leader, "approved #b*", date="2024-05-02", project_id=website["id"])
    outside = make_entry(account.leader, "outside #a", project_id=other["id"])
    make_entry(account.leader, "nowhere #a")
    approve(account, approved)
    tag_ids = ",".join(str(tag["id"]) for tag in (*outside["tags"], *approved["tags"]))

    def found(query: Any) -> list[str]:
        response = account.leader.client.get(group["entries_url"], query)
        assert response.status == 200, response.body
        return [entry["description"] for entry in response.json()]

    everything = ["app #a", "approved #b*", "website #a"]
    for query, expected in (
        ({}, everything),
        ({"user_ids": account.leader.id}, ["approved #b*", "website #a"]),
        ({"project_ids": app["id"]}, ["app #a"]),
        ({"project_ids": f"{app['id']},{other['id']}"}, ["app #a"]),
        ({"project_ids": other["id"]}, []),
        ({"description": "WEB"}, ["website #a"]),
        ({"tag_ids": outside["tags"][0]["id"]}, ["app #a", "website #a"]),
        ({"tag_ids": tag_ids}, []),
        ({"tag_ids": tag_ids, "tag_filter_type": "combination of"}, everything),
        ({"from": "2024-05-02", "to": "2024-05-02"}, ["approved #b*"]),
        ({"billable": "false"}, ["approved #b*"]),
        ({"invoiced": "true"}, []),
        ({"updated_from": "2024-05-21T10:05:00Z"}, everything),
        ({"approved_by_ids": account.supervisor.id}, ["approved #b*"]),
        ({"per_page": 1, "page": 2}, ["approved #b*"]),
    ):
        assert found(query) == expected, query
    assert list(account.leader.client.get(group["entries_url"], {"per_page": 2}).links) == ["last", "next"]
    assert account.leader.client.get(group["entries_url"], "from=today").codes == [("from", "invalid")]
    account.leader.client.put(group["remove_projects_url"], {"project_ids": [website["id"]]})
    assert found({}) == ["app #a"]


def test_coworkers_see_only_their_projects_in_groups(account: Account) -> None:
    seen, hidden, closed = (make_project(account, name) for name in ("Seen", "Hidden", "Closed"))
    give_access(account, account.coworker, seen)
    group, other = make_group(account, "Contoso", seen, hidden), make_group(account, "Other", closed)
    make_group(account, "Empty")
    entry = make_entry(account.leader, project_id=seen["id"])
    make_entry(account.leader, project_id=hidden["id"])
    client = account.coworker.client

    expected = group | {"projects": [simple(seen)]}
    assert client.get("/v2/project_groups").json() == [expected]
    assert client.get(group["url"]).json() == expected
    assert ids(client.get(group["projects_url"]).json()) == [seen["id"]]
    assert ids(client.get(group["entries_url"]).json()) == [entry["id"]]
    for query, found in (
        ({"project_ids": seen["id"]}, [group["id"]]),
        ({"project_ids": f"{hidden['id']},{seen['id']}"}, [group["id"]]),
        # The filter does not reveal the group of a project that the caller cannot see.
        ({"project_ids": hidden["id"]}, []),
        ({"project_ids": closed["id"]}, []),
        ({"name": "other"}, []),
    ):
        assert ids(client.get("/v2/project_groups", query).json()) == found, query
    for path in ("url", "projects_url", "entries_url"):
        assert client.get(other[path]).status == 404
    assert len(account.supervisor.client.get("/v2/project_groups").json()) == 3
    give_access(account, account.coworker, closed)
    assert client.get(other["url"]).json() == other


def test_changing_groups_needs_a_leader(account: Account) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    group = make_group(account, "Contoso", project)
    url = group["url"]

    for person in (account.coworker, account.contractor):
        assert person.client.post("/v2/project_groups", {}).status == 403
        assert person.client.put(url, {"name": ""}).status == 403
        assert person.client.delete(url).status == 403
        assert person.client.post(f"{url}/add_projects").status == 403
        for action in ACTIONS:
            assert person.client.put(f"{url}/{action}").status == 403
    assert account.leader.client.get(url).json() == group


def test_contractors_see_groups_only_by_name_on_projects(account: Account) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    group = make_group(account, "Contoso", project)

    for path in ("/v2/project_groups", group["url"], group["entries_url"], group["projects_url"]):
        assert account.contractor.client.get(path).status == 403
        for role in ("supervisor", "leader", "coworker"):
            assert account.people[role].client.get(path).status == 200
    [shown] = account.contractor.client.get("/v2/projects", {"project_group_ids": group["id"]}).json()
    assert shown["group"] == summary(group)


def test_unknown_groups_are_404(account: Account, other_account: Account) -> None:
    theirs = make_group(other_account, "Contoso", make_project(other_account))
    empty = make_group(account, "Empty")
    unseen = {"supervisor": [], "coworker": [empty["id"]], "contractor": [empty["id"]]}

    for role, more in unseen.items():
        client = account.people[role].client
        for id in (NO_SUCH_ID, theirs["id"], "abc", *more):
            url = f"/v2/project_groups/{id}"
            assert (client.get(url).status, client.get(url).body) == (404, b"")
            assert client.put(url, {"name": ""}).status == 404
            assert client.delete(url).status == 404
            for resource in ("entries", "projects"):
                assert client.get(f"{url}/{resource}").status == 404
            assert client.post(f"{url}/add_projects").status == 404
            for action in ACTIONS:
                assert client.put(f"{url}/{action}").status == 404
    assert other_account.leader.client.get(theirs["url"]).json() == theirs


def test_the_invoices_url_of_a_group_is_404(account: Account) -> None:
    assert account.leader.client.get(make_group(account)["invoices_url"]).status == 404
