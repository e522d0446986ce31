"""``/v2/teams``: listing, adding and removing members."""

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, ids, make_team


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_adding_users_returns_all_members(
    account: Account, other_account: Account, clock: FakeClock, method: str
) -> None:
    before = make_team(account, "Platform", account.leader)
    log = EventReader(account)
    clock.advance(seconds=60)
    added = [account.coworker.id, account.leader.id, NO_SUCH_ID, other_account.owner.id, account.owner.id]

    response = account.supervisor.client.request(method, before["add_users_url"], body={"user_ids": added})

    assert response.status == 200
    members = sorted([account.owner.id, account.leader.id, account.coworker.id])
    assert response.json() == [account.supervisor.client.get(f"/v2/users/{id}").json() for id in members]
    after = account.supervisor.client.get(before["url"])
    assert ids(after.json()["users"]) == members
    assert after.json() == before | {"users": after.json()["users"], "updated_at": "2024-05-21T10:06:00Z"}
    # The users themselves are unchanged.
    [event] = log.read_new()
    assert (event.type, event.text) == ("team.updated", after.body)
    assert event.changes == {"users": [before["users"], after.json()["users"]]}


def test_adding_present_members_raises_nothing(account: Account, clock: FakeClock) -> None:
    team = make_team(account, "Platform", account.leader)
    log = EventReader(account)
    clock.advance(seconds=60)

    for user_ids in ([], [account.leader.id], [NO_SUCH_ID]):
        response = account.supervisor.client.post(team["add_users_url"], {"user_ids": user_ids})
        assert (response.status, ids(response.json())) == (200, [account.leader.id])
    assert log.read_new() == []
    assert account.supervisor.client.get(team["url"]).json() == team


def test_any_number_of_members_is_returned(account: Account) -> None:
    team = make_team(account)
    user_ids = [account.add(f"user{number}", "contractor").id for number in range(31)]

    response = account.supervisor.client.post(team["add_users_url"], {"user_ids": user_ids})

    assert ids(response.json()) == user_ids
    assert "link" not in response.headers
    assert len(account.supervisor.client.get(team["users_url"]).json()) == 30


def test_deactivated_users_may_be_members(account: Account) -> None:
    gone = account.add("gone", "leader", "disabled")
    team = make_team(account)

    assert ids(account.supervisor.client.post(team["add_users_url"], {"user_ids": [gone.id]}).json()) == [gone.id]


def test_users_are_removed_from_a_team(account: Account, clock: FakeClock) -> None:
    before = make_team(account, "Platform", account.leader, account.coworker, account.contractor)
    log = EventReader(account)
    clock.advance(seconds=60)
    removed = [account.leader.id, account.contractor.id, account.owner.id, NO_SUCH_ID]

    response = account.supervisor.client.put(before["remove_users_url"], {"user_ids": removed})

    assert (response.status, response.body) == (204, b"")
    after = account.supervisor.client.get(before["url"])
    assert ids(after.json()["users"]) == [account.coworker.id]
    assert after.json()["updated_at"] == "2024-05-21T10:06:00Z"
    [event] = log.read_new()
    assert (event.type, event.text) == ("team.updated", after.body)
    assert event.changes == {"users": [before["users"], after.json()["users"]]}
    assert account.supervisor.client.get(f"/v2/users/{account.leader.id}").json()["teams"] == []


def test_all_users_are_removed_from_a_team(account: Account, clock: FakeClock) -> None:
    before = make_team(account, "Platform", account.leader, account.coworker)
    other = make_team(account, "Other", account.leader)
    log = EventReader(account)
    clock.advance(seconds=60)

    for _ in range(2):
        response = account.supervisor.client.put(before["remove_all_users_url"])
        assert (response.status, response.body) == (204, b"")

    after = account.supervisor.client.get(before["url"])
    assert after.json() == before | {"users": [], "updated_at": "2024-05-21T10:06:00Z"}
    [event] = log.read_new()
    assert (event.type, event.text) == ("team.updated", after.body)
    assert event.changes == {"users": [before["users"], []]}
    assert account.supervisor.client.get(other["url"]).json() == other


def test_removing_absent_users_raises_nothing(account: Account, clock: FakeClock) -> None:
    team = make_team(account, "Platform", account.leader)
    make_team(account, "Other", account.coworker)
    log = EventReader(account)
    clock.advance(seconds=60)

    for user_ids in ([], [account.coworker.id, NO_SUCH_ID]):
        response = account.supervisor.client.put(team["remove_users_url"], {"user_ids": user_ids})
        assert response.status == 204
    assert log.read_new() == []
    assert account.supervisor.client.get(team["url"]).json() == team


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("user_ids", "missing_field")),
        ({"user_ids": None}, ("user_ids", "missing_field")),
        ({"users": [1]}, ("user_ids", "missing_field")),
        ({"user_ids": "me"}, ("user_ids", "invalid")),
        ({"user_ids": [1, {}]}, ("user_ids[1]", "invalid")),
    ],
)
def test_malformed_user_lists_are_rejected(account: Account, body: object, fault: tuple[str, str]) -> None:
    team = make_team(account, "Platform", account.leader)
    log = EventReader(account)

    for method, action in (("POST", "add_users"), ("PUT", "add_users"), ("PUT", "remove_users")):
        response = account.supervisor.client.request(method, f"{team['url']}/{action}", body=body)
        assert (response.status, response.codes) == (400, [fault])
    assert log.read_new() == []


def test_members_are_listed_by_id_and_filtered(account: Account) -> None:
    people = account.people
    zoe = account.add("zoë", "leader", "disabled")
    team = make_team(account, "Platform", zoe, account.leader, account.coworker)
    make_team(account, "Other", account.contractor)

    for query, names in (
        ({}, ["leader", "coworker", "zoë"]),
        ({"name": "ZOË"}, ["zoë"]),
        ({"name": "ada"}, []),
        ({"email": "er@NORTHWIND"}, ["leader", "coworker"]),
        ({"role": "leader"}, ["leader", "zoë"]),
        ({"role": "contractor"}, []),
        ({"state": "active", "role": "leader"}, ["leader"]),
        ({"per_page": 2, "page": 2}, ["zoë"]),
    ):
        response = account.coworker.client.get(team["users_url"], query)
        assert response.status == 200, response.body
        assert ids(response.json()) == [people[name].id for name in names], query
    first = account.coworker.client.get(team["users_url"], {"per_page": 2})
    assert list(first.links) == ["last", "next"]
    assert ids(account.coworker.client.get(first.links["next"]).json()) == [zoe.id]
    assert first.json()[0] == account.coworker.client.get(f"/v2/users/{account.leader.id}").json()


@pytest.mark.parametrize("query", ["role=boss", "state=gone", "name=%00"])
def test_malformed_member_filters_are_rejected(account: Account, query: str) -> None:
    team = make_team(account)

    response = account.leader.client.get(team["users_url"], query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])
