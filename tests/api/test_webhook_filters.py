"""Filters of webhooks by project, user and tag: which events are queued."""

from typing import Any

from tests.support.accounts import Account
from tests.support.factories import give_access, make_entry, make_expense, make_group, make_project, make_tag, make_team
from tests.support.statements import capture_statements
from tests.support.webhooks import get_delivery_log, make_webhook


def filtered(account: Account, **filters: list[int]) -> Any:
    """Create a webhook that subscribes to everything, with these filters."""
    webhook = make_webhook(account, events=["*"])
    response = account.leader.client.put(f"{webhook['url']}/settings", {"filters": filters})
    assert response.status == 200, response.body
    return webhook


def queued(account: Account, webhook: Any) -> list[str]:
    """Return the types of the payloads that were queued, oldest first, without pings."""
    return [payload["type"] for payload in get_delivery_log(account, webhook) if payload["sequence"]][::-1]


def test_events_about_a_project_and_of_its_entries_and_expenses_pass(account: Account) -> None:
    project, other = make_project(account, "Harbour map"), make_project(account, "Tide tables")
    webhook = filtered(account, project_ids=[project["id"]])

    entry = make_entry(account.leader, project_id=project["id"])
    make_entry(account.leader, project_id=other["id"])
    make_entry(account.leader)
    make_expense(account.leader, project)
    make_expense(account.leader, other)
    make_group(account, "Contoso", other)
    account.supervisor.client.put(project["url"], {"name": "Harbour chart"})
    account.supervisor.client.put(other["url"], {"name": "Tides"})

    assert queued(account, webhook) == ["entry.created", "expense.created", "project.updated"]
    # An entry that leaves the project is told of, and what happens to it afterwards is not.
    account.leader.client.put(entry["url"], {"project_id": other["id"]})
    account.leader.client.put(entry["url"], {"minutes": 75})
    assert queued(account, webhook)[3:] == ["entry.updated"]


def test_lists_are_alternatives_within_and_conditions_between_them(account: Account) -> None:
    harbour, tides, rivers = (make_project(account, name) for name in ("Harbour", "Tides", "Rivers"))
    tag, person = make_tag(account, "soundings"), account.coworker
    for project in (harbour, tides, rivers):
        give_access(account, person, project)
    webhook = filtered(account, project_ids=[harbour["id"], tides["id"]], user_ids=[person.id], tag_ids=[tag["id"]])
    for who, project, words in (
        (person, harbour, "#soundings"),
        (person, tides, "#soundings and #more"),
        (person, rivers, "#soundings"),
        (person, harbour, "none"),
        (account.leader, harbour, "#soundings"),
    ):
        make_entry(who, words, project_id=project["id"])

    assert queued(account, webhook) == ["entry.created", "entry.created"]


def test_events_about_a_user_or_a_tag_pass_and_members_do_not_count(account: Account) -> None:
    tag = make_tag(account, "soundings")
    of_user, of_tag = filtered(account, user_ids=[account.coworker.id]), filtered(account, tag_ids=[tag["id"]])

    make_team(account, "Platform", account.coworker)
    account.supervisor.client.put(f"/v2/users/{account.coworker.id}", {"first_name": "Grace"})
    account.supervisor.client.put(f"/v2/users/{account.contractor.id}", {"first_name": "Edsger"})
    account.supervisor.client.put(tag["url"], {"name": "depths"})
    make_tag(account, "other")

    assert queued(account, of_user) == ["user.updated"]
    assert queued(account, of_tag) == ["tag.updated"]


def test_filters_are_judged_when_the_event_happens(account: Account) -> None:
    project = make_project(account, "Harbour map")
    webhook = filtered(account, project_ids=[project["id"]])
    make_entry(account.leader, project_id=project["id"])
    make_entry(account.leader)
    account.leader.client.put(f"{webhook['url']}/settings", {"filters": {"project_ids": []}})
    make_entry(account.leader)

    assert queued(account, webhook) == ["entry.created", "entry.created"]
    assert account.leader.client.get(f"{webhook['url']}/status").json()["waiting_count"] == 2


def test_only_webhooks_with_filters_cost_a_statement(account: Account) -> None:
    project = make_project(account, "Harbour map")
    make_webhook(account, events=["*"])
    with capture_statements(account.database) as before:
        make_entry(account.leader)
    make_webhook(account, events=["*"])
    with capture_statements(account.database) as unfiltered:
        make_entry(account.leader)
    filtered(account, project_ids=[project["id"]])
    filtered(account, project_ids=[project["id"]])
    with capture_statements(account.database) as with_filters:
        make_entry(account.leader)

    assert len(unfiltered) == len(before)
    assert len(with_filters) == len(before) + 1
