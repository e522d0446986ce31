"""Expense counters of users and projects, and what they prevent."""

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import DAY, ids, insert_expenses, make_entry, make_expense, make_project

PROJECT_KEYS = ["id", "name", "billing_increment", "enabled", "billable", "color", "url"]


def test_users_and_projects_count_their_expenses(account: Account, other_account: Account) -> None:
    project, other = make_project(account, "One", account.coworker), make_project(account, "Other")
    make_project(account, "Without")
    make_expense(other_account.leader, make_project(other_account))
    for each in (project, project, other):
        make_expense(account.leader, each)
    make_expense(account.coworker, project)
    make_expense(account.leader, project, user_id=account.coworker.id)
    client = account.supervisor.client
    people = {account.leader.id: 3, account.coworker.id: 2}

    assert {each["name"]: each["expenses"] for each in client.get("/v2/projects").json()} == {
        "One": 4, "Other": 1, "Without": 0,
    }  # fmt: skip
    assert client.get(project["url"]).json()["expenses"] == 4
    assert account.coworker.client.get(project["url"]).json()["expenses"] == 4
    for user in client.get("/v2/users").json():
        assert (user["entries"], user["expenses"]) == (0, people.get(user["id"], 0))
    assert client.get(f"/v2/users/{account.leader.id}").json()["expenses"] == 3
    assert account.leader.client.get("/v2/current_user").json()["expenses"] == 3
    assert account.contractor.client.get("/v2/current_user").json()["expenses"] == 0


def test_expense_counters_follow_moves_and_deletions_without_events(account: Account) -> None:
    project, other = make_project(account, "One"), make_project(account, "Other")
    moved, deleted = make_expense(account.leader, project), make_expense(account.leader, project)
    log = EventReader(account)
    client = account.leader.client

    body = {"date": DAY, "price": 1, "project_id": other["id"], "user_id": account.supervisor.id}
    assert client.put(moved["url"], body).status == 200
    assert client.delete(deleted["url"]).status == 204

    assert [client.get(each["url"]).json()["expenses"] for each in (project, other)] == [0, 1]
    assert client.get("/v2/current_user").json()["expenses"] == 0
    assert client.get(f"/v2/users/{account.supervisor.id}").json()["expenses"] == 1
    assert log.read_new_types() == ["expense.updated", "expense.deleted"]


def test_a_project_with_expenses_is_archived_and_not_deleted(account: Account) -> None:
    project = make_project(account)
    make_expense(account.leader, project)
    client = account.leader.client
    log = EventReader(account)

    assert client.delete(project["url"]).codes == [("base", "not_deletable")]
    assert client.put("/v2/projects/delete", {"project_ids": [project["id"]]}).status == 204
    assert log.read_new() == []
    assert client.put(project["archive_url"]).status == 204
    general, specific = log.read_new()
    assert (general.type, specific.type) == ("project.updated", "project.updated.archived")
    assert general.changes == {"enabled": [True, False]}
    assert general.text == account.supervisor.client.get(project["url"]).body
    assert general.object["expenses"] == 1


def test_projects_with_expenses_are_archived_in_bulk(account: Account) -> None:
    project, empty = make_project(account, "Used"), make_project(account, "Empty")
    make_expense(account.leader, project)

    assert account.leader.client.put("/v2/projects/archive", {"project_ids": ids([project, empty])}).status == 204

    shown = account.leader.client.get("/v2/projects", {"enabled": "false"}).json()
    assert ids(shown) == [project["id"]]


def test_a_project_whose_last_expense_is_gone_is_deleted(account: Account) -> None:
    project = make_project(account)
    expense = make_expense(account.leader, project)
    account.leader.client.delete(expense["url"])

    assert account.leader.client.put(project["archive_url"]).codes == [("base", "deletable")]
    assert account.leader.client.delete(project["url"]).status == 204


def test_a_user_with_expenses_is_not_deleted(account: Account) -> None:
    expense = make_expense(account.leader, make_project(account))
    url = f"/v2/users/{account.leader.id}"
    client = account.supervisor.client
    log = EventReader(account)

    response = client.delete(url)

    assert (response.status, response.codes) == (400, [("base", "not_deletable")])
    assert log.read_new() == []
    assert client.delete(expense["url"]).status == 204
    assert client.delete(url).status == 204


def test_a_user_with_only_expenses_can_be_deactivated_not_deleted(account: Account) -> None:
    make_expense(account.leader, make_project(account))
    url = f"/v2/users/{account.leader.id}"

    assert account.supervisor.client.delete(url).codes == [("base", "not_deletable")]
    assert account.supervisor.client.put(f"{url}/deactivate").status == 204


def test_a_merge_moves_expenses_after_entries(account: Account, clock: FakeClock) -> None:
    target, other = make_project(account, "Target"), make_project(account, "Other", account.coworker)
    make_expense(account.leader, target)
    # In the order of ids, not of dates.
    expenses = [make_expense(account.coworker, other, 5, date="2024-05-22"), make_expense(account.leader, other, -1)]
    entry = make_entry(account.leader, project_id=other["id"])
    target = account.leader.client.get(target["url"]).json()
    log = EventReader(account)
    clock.advance(seconds=60)

    assert account.leader.client.put(target["merge_url"], {"project_id": other["id"]}).status == 204

    entry_updated, *moved, updated, deleted, merged = log.read_new()
    simple = {key: target[key] for key in PROJECT_KEYS}
    assert (entry_updated.type, entry_updated.object["id"]) == ("entry.updated", entry["id"])
    assert [(event.type, event.object["id"]) for event in moved] == [("expense.updated", id) for id in ids(expenses)]
    for event, before in zip(moved, expenses, strict=True):
        assert event.changes == {"project": [before["project"], simple]}
        assert event.object == before | {"project": simple, "updated_at": "2024-05-21T10:06:00Z"}
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert (updated.type, updated.changes["expenses"]) == ("project.updated", [1, 3])
    assert updated.text == account.supervisor.client.get(target["url"]).body
    assert (deleted.type, merged.type) == ("project.deleted", "project.deleted.merged")
    assert deleted.object == merged.object == other
    assert account.leader.client.get(f"{other['url']}/expenses").status == 404
    assert len(account.coworker.client.get("/v2/expenses").json()) == 3


def test_a_merge_of_expenses_alone_counts_them_for_the_target(account: Account) -> None:
    target, other = make_project(account, "Target"), make_project(account, "Other")
    make_expense(account.leader, other)
    log = EventReader(account)

    account.leader.client.put(target["merge_url"], {"project_id": other["id"]})

    moved, updated, *_ = log.read_new()
    assert (moved.type, updated.type, updated.changes) == ("expense.updated", "project.updated", {"expenses": [0, 1]})


def test_a_merge_moves_any_number_of_expenses(account: Account) -> None:
    target, other = make_project(account, "Target"), make_project(account, "Other")
    moved = insert_expenses(account, 1001, other)
    log = EventReader(account)

    account.leader.client.put(target["merge_url"], {"project_id": other["id"]})

    assert [event.object["id"] for event in log.read_new() if event.type == "expense.updated"] == moved
    assert account.leader.client.get(target["url"]).json()["expenses"] == 1001
