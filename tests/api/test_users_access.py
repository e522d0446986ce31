"""``/v2/users``: activation and project access."""

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, ids, make_entry, make_project


def test_a_user_is_deactivated_and_activated_again(account: Account, clock: FakeClock) -> None:
    make_entry(account.leader)
    url = f"/v2/users/{account.leader.id}"
    log = EventReader(account)

    for action, states, status in (
        ("deactivate", ["active", "disabled"], 401),
        ("activate", ["disabled", "active"], 200),
    ):
        clock.advance(seconds=60)
        response = account.supervisor.client.put(f"{url}/{action}")
        assert (response.status, response.body) == (204, b"")
        general, specific = log.read_new()
        assert (general.type, specific.type) == ("user.updated", f"user.updated.{action}d")
        assert general.changes == specific.changes == {"state": states}
        assert general.text == specific.text == account.supervisor.client.get(url).body
        assert general.object["updated_at"] == general.created_at
        assert account.leader.client.get("/v2/account").status == status


def test_states_that_prevent_deactivation(account: Account) -> None:
    gone = account.add("gone", "leader", "disabled")
    for person in (account.owner, account.supervisor, gone):
        make_entry(account.leader, user_id=person.id)
    log = EventReader(account)

    for person, code in (
        (account.owner, "account_owner"),
        (account.supervisor, "authenticated_user"),
        (account.coworker, "deletable"),
        (gone, "deactivated"),
    ):
        response = account.supervisor.client.put(f"/v2/users/{person.id}/deactivate")
        assert (response.status, response.codes) == (400, [("base", code)])
    assert log.read_new() == []


def test_states_that_prevent_activation(account: Account) -> None:
    gone = account.add("gone", "leader", "disabled")
    account.change_settings(max_users="5")
    log = EventReader(account)

    for person, code in (
        (account.leader, "not_deactivated"),
        (account.add("halted", "leader", "suspended"), "not_deactivated"),
        (account.add("pending", "leader", "pending"), "not_deactivated"),
        (gone, "reached_user_limit"),
    ):
        response = account.supervisor.client.put(f"/v2/users/{person.id}/activate")
        assert (response.status, response.codes) == (400, [("base", code)])
    assert log.read_new() == []


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_project_access_is_granted_and_revoked_for_scoped_roles(
    account: Account, other_account: Account, role: str
) -> None:
    person = account.people[role]
    url = f"/v2/users/{person.id}"
    a, b, c = (make_project(account, name)["id"] for name in "ABC")
    theirs = make_project(other_account)["id"]
    log = EventReader(account)

    def change(action: str, *project_ids: int) -> list[int]:
        response = account.supervisor.client.put(f"{url}/{action}", {"project_ids": project_ids})
        assert (response.status, response.body) == (204, b"")
        return ids(person.client.get("/v2/projects").json())

    assert change("give_access_to_projects", a, b, a, theirs, NO_SUCH_ID) == [a, b]
    assert change("give_access_to_projects", b, c) == [a, b, c]
    assert change("revoke_access_to_projects", b, theirs, NO_SUCH_ID) == [a, c]
    assert change("revoke_access_to_projects") == [a, c]
    assert change("revoke_access_to_all_projects") == []
    assert log.read_new() == []


def test_other_roles_have_access_to_all_projects(account: Account) -> None:
    project = make_project(account)
    url = f"/v2/users/{account.leader.id}"
    client = account.supervisor.client

    assert client.put(f"{url}/give_access_to_projects", {"project_ids": [project["id"]]}).status == 204
    for action in ("revoke_access_to_projects", "revoke_access_to_all_projects"):
        assert client.put(f"{url}/{action}").codes == [("base", "can_access_all_projects")]


@pytest.mark.parametrize(
    "action", ["give_access_to_projects", "revoke_access_to_projects", "revoke_access_to_all_projects"]
)
def test_states_that_prevent_changing_access(account: Account, action: str) -> None:
    gone = account.add("gone", "contractor", "disabled")
    client = account.supervisor.client

    for person, code in ((gone, "deactivated"), (account.supervisor, "authenticated_user")):
        assert client.put(f"/v2/users/{person.id}/{action}").codes == [("base", code)]
    if not action.endswith("all_projects"):
        url = f"/v2/users/{account.contractor.id}/{action}"
        assert client.put(url).codes == [("project_ids", "missing_field")]
        assert client.put(url, {"project_ids": ["a"]}).codes == [("project_ids[0]", "invalid")]
