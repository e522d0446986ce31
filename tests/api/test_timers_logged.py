"""``/v2/projects/{id}/timer``: logging timers as entries and inbox entries."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import make_project, make_tag, start_timer


def test_logging_a_timer_creates_an_entry_and_deletes_it(account: Account, clock: FakeClock) -> None:
    project = make_project(account, "Website", account.contractor, billing_increment=15)
    timer = start_timer(account.contractor, project, entry_date="2024-05-20", description="API design #planning")
    log = EventReader(account)
    clock.advance(seconds=15 * 60 + 1)

    response = account.contractor.client.put(timer["log_url"])

    assert (response.status, response.body) == (204, b"")
    assert "location" not in response.headers
    [entry] = account.contractor.client.get("/v2/entries").json()
    assert (entry["date"], entry["minutes"], entry["description"]) == ("2024-05-20", 30, "API design #planning")
    assert (entry["user"], entry["project"]) == (timer["user"], timer["project"])
    tag, created = log.read_new()
    assert (tag.type, tag.changes, created.type, created.changes) == ("tag.created", {}, "entry.created", {})
    for event in (tag, created):
        assert account.supervisor.client.get(event.object["url"]).body == event.text
    assert account.contractor.client.get(timer["url"]).status == 404
    assert account.contractor.client.get("/v2/timers").json() == []
    assert start_timer(account.contractor, project)["seconds"] == 0


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (5025, 84)])
def test_started_minutes_count_as_whole_minutes(account: Account, clock: FakeClock, seconds: int, minutes: int) -> None:
    project = make_project(account, billing_increment=1)
    client = account.leader.client

    for action in ("log", "log_inbox_entry"):
        timer = start_timer(account.leader, project)
        clock.advance(seconds)
        assert client.put(f"{timer['url']}/{action}").status == 204

    assert client.get("/v2/entries").json()[0]["minutes"] == minutes
    assert client.get("/v2/inbox_entries").json()[0]["minutes"] == minutes


def test_pending_and_paused_timers_can_be_logged(account: Account, clock: FakeClock) -> None:
    pending, paused = make_project(account, "Pending"), make_project(account, "Paused")
    client = account.leader.client
    url = f"/v2/projects/{pending['id']}/timer"
    client.put(url, {"description": "nothing yet"})
    timer = start_timer(account.leader, paused)
    clock.advance(seconds=900)
    client.put(timer["pause_url"])
    clock.advance(seconds=900)

    assert client.put(f"{url}/log").status == client.put(timer["log_url"]).status == 204

    assert [(entry["minutes"], entry["description"]) for entry in client.get("/v2/entries").json()] == [
        (15, ""),
        (0, "nothing yet"),
    ]


def test_the_request_overrides_the_timer_for_the_entry(account: Account, clock: FakeClock) -> None:
    project = make_project(account, billing_increment=15)
    client = account.leader.client
    bodies = [
        {"entry_date": "2024-05-25", "minutes": 31, "description": "Other"},
        {"entry_date": "2024-05-24", "minutes": 0, "description": ""},
        {"entry_date": "", "minutes": None},
    ]

    for body in bodies:
        timer = start_timer(account.leader, project, entry_date="2024-05-20", description="#planning")
        clock.advance(seconds=60)
        assert client.put(timer["log_url"], body).status == 204

    found = client.get("/v2/entries").json()
    assert [(entry["date"], entry["minutes"], entry["description"]) for entry in found] == [
        ("2024-05-25", 45, "Other"),
        ("2024-05-24", 0, ""),
        ("2024-05-20", 15, "#planning"),
    ]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"entry_date": "never"}, [("entry_date", "invalid")]),
        ({"minutes": -1}, [("minutes", "invalid")]),
        (
            {"description": 5, "minutes": "x", "entry_date": "2024-02-30"},
            [("entry_date", "invalid"), ("minutes", "invalid"), ("description", "invalid")],
        ),
    ],
)
def test_a_malformed_log_is_rejected_and_keeps_the_timer(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    timer = start_timer(account.leader, make_project(account))
    log = EventReader(account)

    response = account.leader.client.put(timer["log_url"], body)

    assert (response.status, response.codes) == (400, faults)
    assert {error["resource"] for error in response.json()["errors"]} == {"Timer"}
    assert account.leader.client.get(timer["url"]).json() == timer
    assert log.read_new() == []


def test_unknown_hashtags_need_permission_to_create_tags(account: Account) -> None:
    make_tag(account, "known")
    account.change_settings(tag_creation_role="leader")
    project = make_project(account, "Open", account.contractor)
    timer = start_timer(account.contractor, project, description="#new")
    client = account.contractor.client

    response = client.put(timer["log_url"])

    assert response.status == 400
    assert response.refusal["errors"] == [{"resource": "Timer", "field": "description", "code": "cannot_create_tags"}]
    assert client.get(timer["url"]).json() == timer
    assert client.put(timer["log_url"], {"description": "#known"}).status == 204


def test_logging_to_the_inbox_creates_an_inbox_entry(account: Account, clock: FakeClock) -> None:
    project = make_project(account, "Website", account.contractor, billing_increment=60)
    timer = start_timer(account.contractor, project, entry_date="2024-05-20", description="API design #planning")
    log = EventReader(account)
    clock.advance(seconds=121)
    client = account.contractor.client

    response = client.put(f"{timer['url']}/log_inbox_entry")

    assert (response.status, response.body) == (204, b"")
    assert "location" not in response.headers
    [inbox_entry] = client.get("/v2/inbox_entries").json()
    assert (inbox_entry["date"], inbox_entry["minutes"]) == ("2024-05-20", 3)
    assert (inbox_entry["description"], inbox_entry["project_name"]) == ("API design #planning", "Website")
    assert (inbox_entry["logged"], inbox_entry["entry_url"]) == (False, None)
    assert log.read_new() == []
    assert client.get(timer["url"]).status == 404
    entry = client.post(inbox_entry["log_url"]).json()
    assert (entry["minutes"], entry["project"]) == (60, timer["project"])


@pytest.mark.parametrize(
    ("described", "body", "description"),
    [
        (None, {}, "Website"),
        ("", {}, "Website"),
        ("Timer's", {}, "Timer's"),
        ("Timer's", {"description": "Other"}, "Other"),
        ("Timer's", {"description": ""}, "Website"),
        (None, {"description": None}, "Website"),
    ],
)
def test_an_inbox_entry_without_description_is_named_after_its_project(
    account: Account, described: str | None, body: dict[str, Any], description: str
) -> None:
    timer = start_timer(account.leader, make_project(account, "Website"), description=described)

    assert account.leader.client.put(f"{timer['url']}/log_inbox_entry", body).status == 204

    assert account.leader.client.get("/v2/inbox_entries").json()[0]["description"] == description


def test_the_request_overrides_the_timer_for_the_inbox_entry(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account), description="Timer's")
    clock.advance(seconds=600)
    body = {"inbox_entry_date": "2024-05-25", "minutes": 0, "description": "Other"}

    assert account.leader.client.put(f"{timer['url']}/log_inbox_entry", body).status == 204

    [inbox_entry] = account.leader.client.get("/v2/inbox_entries").json()
    assert (inbox_entry["date"], inbox_entry["minutes"], inbox_entry["description"]) == ("2024-05-25", 0, "Other")


def test_a_malformed_inbox_log_is_rejected_and_keeps_the_timer(account: Account) -> None:
    timer = start_timer(account.leader, make_project(account))
    body = {"inbox_entry_date": "never", "minutes": "x", "description": 5}

    response = account.leader.client.put(f"{timer['url']}/log_inbox_entry", body)

    assert response.status == 400
    assert response.codes == [("inbox_entry_date", "invalid"), ("description", "invalid"), ("minutes", "invalid")]
    assert account.leader.client.get(timer["url"]).json() == timer
    assert account.leader.client.get("/v2/inbox_entries").json() == []
