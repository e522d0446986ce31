"""``/v2/users``: reading, inviting, editing and deleting."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, ids, make_entry

KEYS = [
    "id", "email", "first_name", "last_name", "profile_image_url", "url", "state", "role", "teams", "entries",
    "entries_url", "expenses", "expenses_url", "give_access_to_project_url", "revoke_access_to_project_url",
    "give_access_to_projects_url", "revoke_access_to_projects_url", "revoke_access_to_all_projects_url", "activate_url",
    "deactivate_url", "created_at", "updated_at",
]  # fmt: skip
ACTIONS = [
    "activate", "deactivate", "give_access_to_projects", "revoke_access_to_projects", "revoke_access_to_all_projects",
]  # fmt: skip


def test_a_user_is_invited(account: Account) -> None:
    log = EventReader(account)
    given = {"email": "Grace@Northwind.test", "first_name": " Grace ", "last_name": "Murray"}

    response = account.supervisor.client.post("/v2/users", given)

    assert response.status == 201
    user = response.json()
    assert list(user) == KEYS
    url = f"{account.base_url}/v2/users/{user['id']}"
    assert response.headers["location"] == url
    assert user == {
        "id": user["id"],
        "email": "Grace@Northwind.test",
        "first_name": "Grace",
        "last_name": "Murray",
        "profile_image_url": "",
        "url": url,
        "state": "pending",
        "role": "leader",
        "teams": [],
        "entries": 0,
        "entries_url": f"{url}/entries",
        "expenses": 0,
        "expenses_url": f"{url}/expenses",
        "give_access_to_project_url": f"{url}/give_access_to_projects",
        "revoke_access_to_project_url": f"{url}/revoke_access_to_projects",
        "give_access_to_projects_url": f"{url}/give_access_to_projects",
        "revoke_access_to_projects_url": f"{url}/revoke_access_to_projects",
        "revoke_access_to_all_projects_url": f"{url}/revoke_access_to_all_projects",
        "activate_url": f"{url}/activate",
        "deactivate_url": f"{url}/deactivate",
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
    }
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("user.created", {}, response.body)
    assert account.supervisor.client.get(url).body == response.body


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("email", "missing_field")]),
        ({"email": ""}, [("email", "missing_field")]),
        ({"email": "grace"}, [("email", "invalid")]),
        ({"email": "a b@c.test"}, [("email", "invalid")]),
        ({"email": "LEADER@northwind.test"}, [("email", "already_exists")]),
        ({"email": "x@y.test", "role": "boss"}, [("role", "invalid")]),
        ({"email": 1, "first_name": "x" * 256}, [("email", "invalid"), ("first_name", "invalid")]),
    ],
)
def test_a_malformed_invitation_is_rejected(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    log = EventReader(account)

    response = account.supervisor.client.post("/v2/users", body)

    assert (response.status, response.codes) == (400, faults)
    assert log.read_new() == []


def test_two_accounts_may_have_a_user_with_the_same_email(account: Account, other_account: Account) -> None:
    response = account.supervisor.client.post("/v2/users", {"email": other_account.leader.email, "role": "contractor"})

    assert (response.status, response.json()["role"]) == (201, "contractor")


def test_active_and_pending_users_count_against_the_limit(account: Account) -> None:
    pending = account.add("pending", "leader", "pending")
    account.add("gone", "leader", "disabled")
    account.add("halted", "leader", "suspended")
    account.change_settings(max_users="6")

    response = account.supervisor.client.post("/v2/users", {"email": "x@y.test"})

    assert (response.status, response.codes) == (400, [("base", "reached_user_limit")])
    assert account.supervisor.client.delete(f"/v2/users/{pending.id}").status == 204
    assert account.supervisor.client.post("/v2/users", {"email": "x@y.test"}).status == 201


def test_users_are_listed_by_id_and_filtered(account: Account) -> None:
    account.add("zoë", "leader", "disabled")
    account.add("anna", "coworker", "pending")
    people = account.people

    for query, names in (
        ({}, ["owner", "supervisor", "leader", "coworker", "contractor", "zoë", "anna"]),
        ({"name": "ada byr"}, ["owner"]),
        ({"name": "ZOË"}, ["zoë"]),
        ({"email": "@NORTHWIND"}, [*people]),
        ({"email": "anna@"}, ["anna"]),
        ({"role": "coworker"}, ["coworker", "anna"]),
        ({"state": "disabled"}, ["zoë"]),
        ({"state": "pending", "role": "leader"}, []),
        ({"per_page": 2, "page": 2}, ["leader", "coworker"]),
    ):
        response = account.coworker.client.get("/v2/users", query)
        assert ids(response.json()) == [people[name].id for name in names]


@pytest.mark.parametrize("query", ["role=boss", "role=Leader", "state=gone", "name=%00"])
def test_malformed_user_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get("/v2/users", query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])


def test_contractors_see_only_themselves(account: Account) -> None:
    client = account.contractor.client

    assert client.get("/v2/users").status == 403
    assert client.get(f"/v2/users/{account.leader.id}").status == 404
    assert client.get(f"/v2/users/{account.contractor.id}").json()["email"] == account.contractor.email
    assert account.coworker.client.get(f"/v2/users/{account.leader.id}").status == 200


def test_a_user_counts_their_entries(account: Account) -> None:
    make_entry(account.leader)
    make_entry(account.supervisor, user_id=account.leader.id)

    assert account.coworker.client.get(f"/v2/users/{account.leader.id}").json()["entries"] == 2


def test_an_edit_raises_user_updated_with_the_changes(account: Account, clock: FakeClock) -> None:
    url = f"/v2/users/{account.coworker.id}"
    before = account.supervisor.client.get(url).json()
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.supervisor.client.put(url, {"first_name": "", "last_name": "Murray", "role": "contractor"})

    assert response.status == 200
    changed = {"first_name": None, "last_name": "Murray", "role": "contractor"}
    assert response.json() == before | changed | {"updated_at": "2024-05-21T10:06:00Z"}
    [event] = log.read_new()
    assert (event.type, event.text) == ("user.updated", response.body)
    assert event.changes == {key: [before[key], value] for key, value in changed.items()}
    assert ids(account.leader.client.get("/v2/users", {"name": "murray"}).json()) == [account.coworker.id]
    assert account.supervisor.client.put(url, response.json()).json() == response.json()
    assert log.read_new() == []


def test_states_that_prevent_an_edit(account: Account) -> None:
    gone = account.add("gone", "leader", "disabled")
    client = account.supervisor.client
    log = EventReader(account)

    for person, body, fault in (
        (gone, {"first_name": 5}, ("base", "deactivated")),
        (account.supervisor, {"role": "leader"}, ("role", "authenticated_user")),
        (account.owner, {"role": "leader"}, ("role", "account_owner")),
        (account.leader, {"role": None}, ("role", "missing_field")),
        (account.leader, {"role": "boss"}, ("role", "invalid")),
    ):
        response = client.put(f"/v2/users/{person.id}", body)
        assert (response.status, response.codes) == (400, [fault])
    assert log.read_new() == []
    assert client.put(f"/v2/users/{account.supervisor.id}", {"role": "supervisor", "first_name": "S"}).status == 200
    assert client.put(f"/v2/users/{account.leader.id}", {"email": "new@northwind.test"}).json()["email"] != "new"


def test_user_deleted_carries_the_user_as_it_was(account: Account) -> None:
    url = f"/v2/users/{account.coworker.id}"
    text = account.supervisor.client.get(url).body
    log = EventReader(account)

    assert account.supervisor.client.delete(url).status == 204

    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("user.deleted", {}, text)
    assert account.supervisor.client.get(url).status == 404
    assert account.coworker.client.get("/v2/account").status == 401


def test_entries_stay_approved_after_their_approver_is_deleted(account: Account) -> None:
    other = account.add("other", "supervisor")
    entry = make_entry(account.leader)
    other.client.put(entry["approved_url"])
    approve(account, make_entry(account.leader))
    log = EventReader(account)

    assert account.supervisor.client.delete(f"/v2/users/{other.id}").status == 204

    updated, deleted = log.read_new()
    after = account.supervisor.client.get(entry["url"])
    assert (after.json()["approved_at"], after.json()["approved_by"]) == ("2024-05-21T10:05:00Z", None)
    assert (updated.type, updated.text) == ("entry.updated", after.body)
    assert updated.changes.keys() == {"approved_by"}
    assert deleted.type == "user.deleted"


def test_states_that_prevent_deletion(account: Account) -> None:
    make_entry(account.leader)
    client = account.supervisor.client
    log = EventReader(account)

    for person, code in (
        (account.owner, "account_owner"),
        (account.supervisor, "authenticated_user"),
        (account.leader, "not_deletable"),
    ):
        response = client.delete(f"/v2/users/{person.id}")
        assert (response.status, response.codes) == (400, [("base", code)])
    assert log.read_new() == []


@pytest.mark.parametrize("role", ["leader", "coworker", "contractor"])
def test_changing_users_needs_a_supervisor(account: Account, role: str) -> None:
    person = account.people[role]
    url = f"/v2/users/{person.id}"

    assert person.client.post("/v2/users").status == 403
    assert person.client.put(url, {"role": "x"}).status == 403
    assert person.client.delete(url).status == 403
    for action in ACTIONS:
        assert person.client.put(f"{url}/{action}").status == 403


def test_unknown_users_are_404(account: Account, other_account: Account) -> None:
    client = account.supervisor.client

    for id in (NO_SUCH_ID, other_account.coworker.id, "abc"):
        url = f"/v2/users/{id}"
        assert (client.get(url).status, client.get(url).body) == (404, b"")
        assert client.put(url, {"role": "x"}).status == 404
        assert client.delete(url).status == 404
        for action in ACTIONS:
            assert client.put(f"{url}/{action}").status == 404
