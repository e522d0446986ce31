"""``/v2/inbox_entries``: log inbox entries as entries."""

from typing import Any

import pytest

from tests.api.test_entries import KEYS
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, archive, ids, make_entry, make_inbox_entry, make_project, make_tag


def test_an_inbox_entry_becomes_the_entry_that_it_proposes(account: Account, clock: FakeClock) -> None:
    project = make_project(account, billing_increment=30)
    inbox_entry = make_inbox_entry(
        account.leader, "Call #planning", date="2024-05-20", minutes=45, project_name="WEBSITE relaunch"
    )
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.post(inbox_entry["log_url"])

    assert response.status == 201
    entry = response.json()
    assert list(entry) == KEYS
    assert response.headers["location"] == entry["url"]
    assert account.leader.client.get(entry["url"]).body == response.body
    assert (entry["date"], entry["minutes"], entry["description"]) == ("2024-05-20", 60, "Call #planning")
    assert (entry["project"]["id"], entry["user"]["id"]) == (project["id"], account.leader.id)
    assert [event.type for event in log.read_new()] == ["tag.created", "entry.created"]
    assert account.leader.client.get(inbox_entry["url"]).json() == inbox_entry | {
        "logged": True,
        "entry_url": entry["url"],
        "updated_at": "2024-05-21T10:06:00Z",
    }


def test_created_projects_and_tags_raise_events_before_the_entry(account: Account) -> None:
    inbox_entry = make_inbox_entry(account.leader, "#one #two*", minutes=5, project_name="Fresh")
    log = EventReader(account)

    response = account.leader.client.post(inbox_entry["log_url"])

    events = log.read_new()
    assert [event.type for event in events] == ["project.created", "tag.created", "tag.created", "entry.created"]
    assert [event.changes for event in events] == [{}] * 4
    assert events[-1].text == response.body
    for event in events:
        assert account.supervisor.client.get(event.object["url"]).body == event.text


def test_what_the_request_says_counts_more(account: Account) -> None:
    project = make_project(account, "Other", account.contractor)
    inbox_entry = make_inbox_entry(account.leader, minutes=45, project_name="Fresh")
    body = {
        "date": "2024-05-23",
        "user_id": account.contractor.id,
        "minutes": 0,
        "description": "#call",
        "project_id": project["id"],
        "source_url": "https://git.northwind.test/c/8f3a",
    }

    entry = account.leader.client.post(inbox_entry["log_url"], body).json()

    assert (entry["date"], entry["minutes"], entry["description"]) == ("2024-05-23", 0, "#call")
    assert (entry["user"]["id"], entry["project"]["id"]) == (account.contractor.id, project["id"])
    assert entry["source_url"] == body["source_url"]
    assert [each["name"] for each in account.leader.client.get("/v2/projects").json()] == ["Other"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "Proposed"),
        ({"project_name": "Named"}, "Named"),
        ({"project_id": None, "project_name": "Named"}, "Named"),
        ({"project_name": None}, None),
        ({"project_name": ""}, None),
        ({"project_id": None}, None),
    ],
)
def test_the_proposed_project_is_used_unless_the_request_names_one(
    account: Account, body: dict[str, Any], name: str | None
) -> None:
    inbox_entry = make_inbox_entry(account.leader, minutes=5, project_name="Proposed")

    entry = account.leader.client.post(inbox_entry["log_url"], body).json()

    assert (entry["project"] and entry["project"]["name"]) == name


def test_blank_keys_clear_optional_values(account: Account) -> None:
    inbox_entry = make_inbox_entry(account.leader, minutes=5)
    blank = {"date": None, "minutes": "", "description": None, "user_id": "", "source_url": ""}

    entry = account.leader.client.post(inbox_entry["log_url"], blank).json()

    assert (entry["date"], entry["minutes"], entry["description"]) == (inbox_entry["date"], 5, "")


def test_only_values_absent_from_both_are_missing(account: Account) -> None:
    inbox_entry = make_inbox_entry(account.leader)
    client = account.leader.client
    log = EventReader(account)

    response = client.post(inbox_entry["log_url"])

    assert response.status == 400
    assert response.refusal == {
        "message": "Validation Failed",
        "errors": [{"resource": "InboxEntry", "field": "minutes", "code": "missing_field"}],
    }
    assert log.read_new() == []
    assert client.get(inbox_entry["url"]).json() == inbox_entry
    assert client.post(inbox_entry["log_url"], {"minutes": 5}).status == 201


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"date": "never"}, [("date", "invalid")]),
        ({"minutes": -1}, [("minutes", "invalid")]),
        ({"minutes": "x", "user_id": NO_SUCH_ID}, [("user_id", "missing"), ("minutes", "invalid")]),
        ({"project_id": NO_SUCH_ID}, [("project_id", "missing")]),
        ({"project_id": "x"}, [("project_id", "invalid")]),
        ({"project_name": "x" * 256}, [("project_name", "invalid")]),
        ({"description": ["#a"]}, [("description", "invalid")]),
        ({"source_url": "just words"}, [("source_url", "invalid")]),
    ],
)
def test_malformed_input_is_rejected_as_for_an_entry(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    inbox_entry = make_inbox_entry(account.leader, minutes=5, project_name="Fresh")
    log = EventReader(account)

    response = account.leader.client.post(inbox_entry["log_url"], body)

    assert (response.status, response.codes) == (400, faults)
    assert log.read_new() == []
    assert account.leader.client.get(inbox_entry["url"]).json() == inbox_entry


def test_logging_obeys_the_limits_and_permissions_of_entries(account: Account) -> None:
    make_tag(account, "known")
    closed = make_project(account, "Closed")
    account.change_settings(tag_creation_role="leader", max_projects="1")
    contractors = make_inbox_entry(account.contractor, "#known", minutes=5)
    leaders = make_inbox_entry(account.leader, "#known", minutes=5)

    for person, inbox_entry, body, fault in (
        (account.contractor, contractors, {"description": "#new"}, ("description", "cannot_create_tags")),
        (account.contractor, contractors, {"project_name": "Fresh"}, ("project_name", "cannot_create_projects")),
        (account.contractor, contractors, {"project_id": closed["id"]}, ("project_id", "insufficent_permissions")),
        (account.contractor, contractors, {"user_id": account.leader.id}, ("user_id", "insufficent_permissions")),
        (account.leader, leaders, {"project_name": "Fresh"}, ("project_name", "reached_project_limit")),
    ):
        response = person.client.post(inbox_entry["log_url"], body)
        assert (response.status, response.codes) == (400, [fault])
    assert account.contractor.client.post(contractors["log_url"]).status == 201


def test_the_proposed_values_are_validated_too(account: Account) -> None:
    project = make_project(account, "Frozen")
    make_entry(account.leader, project_id=project["id"])
    archive(account, project)
    account.change_settings(tag_creation_role="leader")
    leaders = make_inbox_entry(account.leader, minutes=5, project_name="frozen")
    contractors = make_inbox_entry(account.contractor, "#new", minutes=5, project_name="Fresh")

    assert account.leader.client.post(leaders["log_url"]).codes == [("project_name", "archived_project")]
    assert account.contractor.client.post(contractors["log_url"]).codes == [
        ("description", "cannot_create_tags"),
        ("project_name", "cannot_create_projects"),
    ]
    assert ids(account.contractor.client.get("/v2/inbox_entries", {"logged": "false"}).json()) == [contractors["id"]]
