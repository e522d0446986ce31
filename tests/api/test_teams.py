"""``/v2/teams``: reading, creating, renaming and deleting, and the teams of a user."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, ids, make_entry, make_team

KEYS = [
    "id", "name", "users", "url", "entries_url", "users_url", "created_at", "updated_at", "add_users_url",
    "remove_users_url", "remove_all_users_url",
]  # fmt: skip
ACTIONS = ["add_users", "remove_users", "remove_all_users"]


def test_a_team_is_created(account: Account) -> None:
    log = EventReader(account)
    user_ids = [account.leader.id, account.owner.id, account.leader.id]

    response = account.supervisor.client.post("/v2/teams", {"name": " Platform ", "user_ids": user_ids})

    assert response.status == 201
    team = response.json()
    assert list(team) == KEYS
    url = f"{account.base_url}/v2/teams/{team['id']}"
    assert response.headers["location"] == url
    assert team == {
        "id": team["id"],
        "name": "Platform",
        "users": [
            {
                "id": account.owner.id,
                "email": "owner@northwind.test",
                "first_name": "Ada",
                "last_name": "Byron",
                "profile_image_url": "",
                "url": f"{account.base_url}/v2/users/{account.owner.id}",
            },
            {
                "id": account.leader.id,
                "email": "leader@northwind.test",
                "first_name": "Leader",
                "last_name": None,
                "profile_image_url": "",
                "url": f"{account.base_url}/v2/users/{account.leader.id}",
            },
        ],
        "url": url,
        "entries_url": f"{url}/entries",
        "users_url": f"{url}/users",
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
        "add_users_url": f"{url}/add_users",
        "remove_users_url": f"{url}/remove_users",
        "remove_all_users_url": f"{url}/remove_all_users",
    }
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("team.created", {}, response.body)
    assert account.supervisor.client.get(url).body == response.body


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        ({"user_ids": []}, []),
        ({"users": ["leader"]}, ["leader"]),
        ({"user_ids": ["coworker"], "users": ["leader"]}, ["coworker"]),
        ({"user_ids": [], "users": ["leader"]}, []),
    ],
)
def test_members_are_accepted_under_the_older_key_or_absent(
    account: Account, given: dict[str, list[str]], roles: list[str]
) -> None:
    user_ids = {key: [account.people[role].id for role in names] for key, names in given.items()}

    response = account.supervisor.client.post("/v2/teams", {"name": "Platform", **user_ids})

    assert response.status == 201
    assert ids(response.json()["users"]) == [account.people[role].id for role in roles]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("name", "missing_field"), ("user_ids", "missing_field")]),
        ({"name": "  ", "user_ids": []}, [("name", "missing_field")]),
        ({"name": "X", "user_ids": None}, [("user_ids", "missing_field")]),
        ({"name": "x" * 256, "user_ids": []}, [("name", "invalid")]),
        ({"name": 5, "user_ids": "me"}, [("name", "invalid"), ("user_ids", "invalid")]),
        ({"name": "X", "user_ids": [NO_SUCH_ID, "a"]}, [("user_ids[1]", "invalid"), ("user_ids[0]", "missing")]),
        ({"name": "PLATFORM", "user_ids": []}, [("name", "already_exists")]),
        (
            {"name": "Platform", "user_ids": [NO_SUCH_ID, 0, 10**12]},
            [("name", "already_exists"), *((f"user_ids[{index}]", "missing") for index in range(3))],
        ),
    ],
)
def test_a_malformed_team_is_rejected(account: Account, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    make_team(account)
    log = EventReader(account)

    response = account.supervisor.client.post("/v2/teams", body)

    assert (response.status, response.codes) == (400, faults)
    assert response.json()["errors"][0]["resource"] == "Team"
    assert log.read_new() == []


def test_unknown_users_are_named_by_index(account: Account, other_account: Account) -> None:
    user_ids = [account.leader.id, other_account.leader.id, account.coworker.id, NO_SUCH_ID]

    response = account.supervisor.client.post("/v2/teams", {"name": "Platform", "user_ids": user_ids})

    assert (response.status, response.codes) == (400, [("user_ids[1]", "missing"), ("user_ids[3]", "missing")])
    assert account.supervisor.client.get("/v2/teams").json() == []


def test_two_accounts_may_use_the_same_team_name(account: Account, other_account: Account) -> None:
    assert make_team(account)["id"] != make_team(other_account)["id"]


def test_teams_are_listed_by_name_and_filtered(account: Account, other_account: Account) -> None:
    leader, coworker, contractor = account.leader, account.coworker, account.contractor
    for name, people in (("beta", [leader]), ("Alpha", [leader, coworker]), ("Ähre", []), ("gamma", [contractor])):
        make_team(account, name, *people)
    make_team(other_account, "Alpha")

    for query, names in (
        ({}, ["Alpha", "beta", "gamma", "Ähre"]),
        ({"name": "ÄHR"}, ["Ähre"]),
        ({"name": "AM"}, ["gamma"]),
        ({"name": ""}, ["Alpha", "beta", "gamma", "Ähre"]),
        ({"user_ids": coworker.id}, ["Alpha"]),
        ({"user_ids": f"{leader.id},{contractor.id}"}, ["Alpha", "beta", "gamma"]),
        ({"user_ids": leader.id, "name": "a"}, ["Alpha", "beta"]),
        ({"user_ids": account.owner.id}, []),
        ({"user_ids": f"{NO_SUCH_ID},{other_account.leader.id}"}, []),
        ({"per_page": 3, "page": 2}, ["Ähre"]),
    ):
        assert [team["name"] for team in coworker.client.get("/v2/teams", query).json()] == names, query
    first = coworker.client.get("/v2/teams", {"per_page": 3})
    assert [team["name"] for team in coworker.client.get(first.links["next"]).json()] == ["Ähre"]


@pytest.mark.parametrize("query", ["user_ids=me", "name=%00"])
def test_malformed_team_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get("/v2/teams", query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])


def test_a_rename_raises_team_updated(account: Account, clock: FakeClock) -> None:
    before = make_team(account, "Platform", account.leader)
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.supervisor.client.put(before["url"], {"name": "Platform & Ops", "user_ids": []})

    assert response.status == 200
    assert response.json() == before | {"name": "Platform & Ops", "updated_at": "2024-05-21T10:06:00Z"}
    [event] = log.read_new()
    assert (event.type, event.changes) == ("team.updated", {"name": ["Platform", "Platform & Ops"]})
    assert event.text == response.body == account.supervisor.client.get(before["url"]).body
    assert ids(account.leader.client.get("/v2/teams", {"name": "& ops"}).json()) == [before["id"]]


def test_a_rename_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock) -> None:
    team = make_team(account, "Platform", account.leader)
    log = EventReader(account)
    clock.advance(seconds=60)

    bodies: list[dict[str, Any]] = [{}, {"name": " Platform "}, {"users": []}]
    for body in bodies:
        assert account.supervisor.client.put(team["url"], body).json() == team
    assert log.read_new() == []


@pytest.mark.parametrize(
    ("name", "code"), [("", "missing_field"), (None, "missing_field"), ("OTHER", "already_exists"), (5, "invalid")]
)
def test_a_malformed_rename_is_rejected(account: Account, name: object, code: str) -> None:
    team = make_team(account)
    make_team(account, "Other")
    log = EventReader(account)

    response = account.supervisor.client.put(team["url"], {"name": name})

    assert (response.status, response.codes) == (400, [("name", code)])
    assert log.read_new() == []


def test_a_rename_may_change_only_the_case(account: Account) -> None:
    team = make_team(account)

    assert account.supervisor.client.put(team["url"], {"name": "PLATFORM"}).json()["name"] == "PLATFORM"


def test_team_deleted_carries_the_team_and_members_stay(account: Account) -> None:
    team = make_team(account, "Platform", account.leader, account.coworker)
    text = account.supervisor.client.get(team["url"]).body
    log = EventReader(account)

    response = account.supervisor.client.delete(team["url"])

    assert (response.status, response.body) == (204, b"")
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("team.deleted", {}, text)
    assert account.supervisor.client.get(team["url"]).status == 404
    assert account.supervisor.client.get("/v2/teams").json() == []
    assert account.supervisor.client.get(f"/v2/users/{account.leader.id}").json()["teams"] == []
    make_team(account)


def test_a_user_lists_their_teams_by_name(account: Account, clock: FakeClock) -> None:
    url = f"/v2/users/{account.leader.id}"
    teams = [make_team(account, name, account.leader) for name in ("beta", "Alpha")]
    make_team(account, "Gamma", account.coworker)
    log = EventReader(account)
    clock.advance(seconds=60)

    shown = account.supervisor.client.get(url).json()

    beta, alpha = ({key: team[key] for key in ("id", "name", "url")} for team in teams)
    assert shown["teams"] == [alpha, beta]
    assert [list(team) for team in shown["teams"]] == [["id", "name", "url"]] * 2
    listed = account.coworker.client.get("/v2/users", {"email": account.leader.email}).json()
    assert listed == [shown]
    edited = account.supervisor.client.put(url, {"first_name": "Grace"})
    [event] = log.read_new()
    assert event.changes == {"first_name": ["Leader", "Grace"]}
    assert event.object["teams"] == [alpha, beta]
    assert event.text == edited.body == account.supervisor.client.get(url).body


def test_renaming_a_user_raises_no_event_of_their_teams(account: Account) -> None:
    team = make_team(account, "Platform", account.leader)
    log = EventReader(account)

    account.supervisor.client.put(f"/v2/users/{account.leader.id}", {"last_name": "Murray"})

    assert log.read_new_types() == ["user.updated"]
    shown = account.supervisor.client.get(team["url"]).json()
    assert shown["users"][0]["last_name"] == "Murray"
    assert shown["updated_at"] == team["updated_at"]


def test_deleting_a_user_raises_no_event_of_their_teams(account: Account, clock: FakeClock) -> None:
    team = make_team(account, "Platform", account.leader, account.coworker)
    url = f"/v2/users/{account.coworker.id}"
    text = account.supervisor.client.get(url).body
    log = EventReader(account)
    clock.advance(seconds=60)

    assert account.supervisor.client.delete(url).status == 204

    [event] = log.read_new()
    assert (event.type, event.text) == ("user.deleted", text)
    assert ids(event.object["teams"]) == [team["id"]]
    after = account.supervisor.client.get(team["url"]).json()
    assert after == team | {"users": [user for user in team["users"] if user["id"] == account.leader.id]}


def test_entries_of_a_team_follow_its_current_members(account: Account) -> None:
    team = make_team(account, "Platform", account.leader, account.coworker)
    make_entry(account.leader, "leader #a", date="2024-05-01", project_name="Website")
    make_entry(account.coworker, "coworker #a", date="2024-05-03")
    approved = make_entry(account.leader, "approved #b*", date="2024-05-02")
    outside = make_entry(account.supervisor, "outside #a")
    approve(account, approved)
    tag_ids = ",".join(str(tag["id"]) for tag in (*outside["tags"], *approved["tags"]))

    def found(query: Any) -> list[str]:
        response = account.leader.client.get(team["entries_url"], query)
        assert response.status == 200, response.body
        return [entry["description"] for entry in response.json()]

    everything = ["coworker #a", "approved #b*", "leader #a"]
    for query, expected in (
        ({}, everything),
        ({"user_ids": account.leader.id}, ["approved #b*", "leader #a"]),
        ({"user_ids": account.supervisor.id}, []),
        ({"description": "LEADER"}, ["leader #a"]),
        ({"tag_ids": outside["tags"][0]["id"]}, ["coworker #a", "leader #a"]),
        ({"tag_ids": tag_ids}, []),
        ({"tag_ids": tag_ids, "tag_filter_type": "combination of"}, everything),
        ({"from": "2024-05-02", "to": "2024-05-02"}, ["approved #b*"]),
        ({"billable": "false"}, ["approved #b*"]),
        ({"invoiced": "true"}, []),
        ({"approved_by_ids": account.supervisor.id}, ["approved #b*"]),
        ({"per_page": 1, "page": 2}, ["approved #b*"]),
    ):
        assert found(query) == expected, query
    assert list(account.leader.client.get(team["entries_url"], {"per_page": 2}).links) == ["last", "next"]
    assert account.leader.client.get(team["entries_url"], "from=today").codes == [("from", "invalid")]
    account.supervisor.client.put(team["remove_users_url"], {"user_ids": [account.leader.id]})
    assert found({}) == ["coworker #a"]


def test_entries_of_a_team_show_only_visible_entries(account: Account) -> None:
    team = make_team(account, "Platform", account.leader, account.coworker)
    make_entry(account.leader, project_name="Closed")
    own = make_entry(account.coworker)

    assert len(account.leader.client.get(team["entries_url"]).json()) == 2
    assert ids(account.coworker.client.get(team["entries_url"]).json()) == [own["id"]]


def test_changing_teams_needs_a_supervisor(account: Account) -> None:
    team = make_team(account, "Platform", account.leader)
    url = team["url"]

    for role in ("leader", "coworker", "contractor"):
        client = account.people[role].client
        assert client.post("/v2/teams", {}).status == 403
        assert client.put(url, {"name": ""}).status == 403
        assert client.delete(url).status == 403
        assert client.put(f"{url}/add_users").status == 403
        for action in ACTIONS:
            assert client.request("POST" if action == "add_users" else "PUT", f"{url}/{action}").status == 403
    assert account.owner.client.get(url).json() == team


def test_contractors_do_not_see_teams(account: Account) -> None:
    team = make_team(account, "Platform", account.contractor)

    for path in ("/v2/teams", team["url"], team["entries_url"], team["users_url"]):
        assert account.contractor.client.get(path).status == 403
        for role in ("leader", "coworker"):
            assert account.people[role].client.get(path).status == 200


def test_unknown_teams_are_404(account: Account, other_account: Account) -> None:
    theirs = make_team(other_account, "Platform", other_account.leader)

    for role in ("supervisor", "contractor"):
        client = account.people[role].client
        for id in (NO_SUCH_ID, theirs["id"], "abc"):
            url = f"/v2/teams/{id}"
            assert (client.get(url).status, client.get(url).body) == (404, b"")
            assert client.put(url, {"name": ""}).status == 404
            assert client.delete(url).status == 404
            for resource in ("entries", "users"):
                assert client.get(f"{url}/{resource}").status == 404
            assert client.post(f"{url}/add_users").status == 404
            for action in ACTIONS:
                assert client.put(f"{url}/{action}").status == 404
    assert other_account.leader.client.get(theirs["url"]).json() == theirs
