"""``/v2/timers`` and ``/v2/projects/{id}/timer``: starting, pausing, correcting, reading and discarding."""

from typing import Any

import pytest

from tests.conftest import MakeServer
from tests.support.accounts import ROLES, Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, archive, give_access, ids, make_entry, make_project, start_timer

KEYS = [
    "id", "state", "seconds", "formatted_time", "date", "description", "user", "project", "url", "start_url",
    "pause_url", "add_or_subtract_time_url", "log_url",
]  # fmt: skip
ACTIONS = ["", "/start", "/pause", "/add_or_subtract_time", "/log", "/log_inbox_entry"]


def timer_path(project: dict[str, Any], action: str = "") -> str:
    return f"/v2/projects/{project['id']}/timer{action}"


# Starting


def test_a_started_timer_is_returned_without_an_event(account: Account) -> None:
    project = make_project(account)
    log = EventReader(account)

    response = account.leader.client.put(timer_path(project, "/start"), {"description": "API design #planning"})

    assert response.status == 200
    timer = response.json()
    assert list(timer) == KEYS
    url = f"{account.base_url}/v2/projects/{project['id']}/timer"
    assert response.headers["location"] == url
    assert timer == {
        "id": timer["id"],
        "state": "running",
        "seconds": 0,
        "formatted_time": "00:00:00",
        "date": "2024-05-21",
        "description": "API design #planning",
        "user": {
            "id": account.leader.id,
            "email": account.leader.email,
            "first_name": "Leader",
            "last_name": None,
            "profile_image_url": "",
            "url": f"{account.base_url}/v2/users/{account.leader.id}",
        },
        "project": {
            key: project[key] for key in ("id", "name", "billing_increment", "enabled", "billable", "color", "url")
        },
        "url": url,
        "start_url": f"{url}/start",
        "pause_url": f"{url}/pause",
        "add_or_subtract_time_url": f"{url}/add_or_subtract_time",
        "log_url": f"{url}/log",
    }
    assert list(timer["user"]) == ["id", "email", "first_name", "last_name", "profile_image_url", "url"]
    assert account.leader.client.get(url).body == response.body
    assert log.read_new() == []
    assert account.leader.client.get("/v2/tags").json() == []


def test_a_running_timer_shows_the_seconds_that_have_passed(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account))

    for after, seconds, formatted in (
        (59.999, 59, "00:00:59"),
        (4965.001, 5025, "01:23:45"),
        (360_000, 365_025, "101:23:45"),
    ):
        clock.advance(after)
        shown = account.leader.client.get(timer["url"]).json()
        assert shown == timer | {"seconds": seconds, "formatted_time": formatted}


def test_a_timer_keeps_running_while_the_server_is_down(
    account: Account, clock: FakeClock, make_server: MakeServer
) -> None:
    project = make_project(account)
    start_timer(account.leader, project)
    clock.advance(seconds=3600)

    restarted = make_server().client.with_token(account.leader.token)

    assert restarted.get(timer_path(project)).json()["seconds"] == 3600
    assert restarted.put(timer_path(project, "/pause")).json()["seconds"] == 3600


def test_a_clock_set_back_gives_no_negative_time(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    timer = start_timer(account.leader, project)
    make_entry(account.leader, project_id=project["id"])
    clock.advance(seconds=-3600)
    client = account.leader.client

    assert client.get(timer["url"]).json() == timer
    assert client.put(timer["pause_url"]).json() == timer | {"state": "paused"}
    client.put(timer["start_url"])
    clock.advance(seconds=30)
    assert client.put(timer["pause_url"]).json()["seconds"] == 30
    assert client.get(timer["url"]).json()["seconds"] == 30


def test_starting_a_running_timer_changes_only_its_description(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account), description="first")
    client = account.leader.client
    clock.advance(seconds=5)
    running = timer | {"seconds": 5, "formatted_time": "00:00:05"}

    assert client.put(timer["start_url"]).json() == running
    for description in ("second #planning", None):
        response = client.put(timer["start_url"], {"entry_date": "2024-05-01", "description": description})

        assert (response.status, response.headers["location"]) == (200, timer["url"])
        assert response.json() == running | {"description": description}
        assert client.get(timer["url"]).body == response.body
    assert client.get("/v2/timers", {"description": "planning"}).json() == []


def test_a_paused_timer_is_resumed_with_its_time_and_its_day(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account), entry_date="2024-05-20", description="first")
    client = account.leader.client
    clock.advance(seconds=60)
    paused = client.put(timer["pause_url"]).json()
    clock.advance(seconds=600)

    response = client.put(timer["start_url"], {"entry_date": "2024-05-01", "description": ""})

    assert response.json() == paused | {"state": "running", "description": None}
    clock.advance(seconds=1)
    assert client.put(timer["start_url"]).json() == paused | {
        "state": "running",
        "description": None,
        "seconds": 61,
        "formatted_time": "00:01:01",
    }
    assert paused == timer | {"state": "paused", "seconds": 60, "formatted_time": "00:01:00"}
    assert paused["date"] == "2024-05-20"


def test_the_day_of_a_timer_is_today_where_its_owner_is(account: Account) -> None:
    account.change_settings(**{f"utc_offset:{account.leader.email}": "-39600"})
    one, other = make_project(account, "One"), make_project(account, "Other")

    assert start_timer(account.leader, one)["date"] == "2024-05-20"
    assert account.leader.client.put(timer_path(other)).json()["date"] == "2024-05-20"
    assert start_timer(account.supervisor, one)["date"] == "2024-05-21"


def test_the_day_of_a_timer_follows_the_changes_of_clocks(account: Account, clock: FakeClock) -> None:
    account.change_settings(**{f"utc_offset:{account.leader.email}": "Europe/Berlin"})
    project = make_project(account)
    # Half past midnight in Berlin, where it is summer time.
    clock.advance(seconds=12 * 3600 + 25 * 60)

    assert start_timer(account.leader, project)["date"] == "2024-05-22"
    assert account.leader.client.get("/v2/current_user").json()["utc_offset"] == 7200
    assert start_timer(account.supervisor, project)["date"] == "2024-05-21"
    clock.advance(seconds=200 * 86_400)
    assert account.leader.client.get("/v2/current_user").json()["utc_offset"] == 3600


def test_a_user_has_one_running_timer_at_most(account: Account, clock: FakeClock) -> None:
    one, other = make_project(account, "One", account.contractor), make_project(account, "Other", account.contractor)
    contractors = start_timer(account.contractor, one)
    first = start_timer(account.leader, one)
    clock.advance(seconds=10)

    second = start_timer(account.leader, other)

    clock.advance(seconds=10)
    assert account.leader.client.get("/v2/timers").json() == [
        second | {"seconds": 10, "formatted_time": "00:00:10"},
        first | {"state": "paused", "seconds": 10, "formatted_time": "00:00:10"},
    ]
    assert account.contractor.client.get("/v2/timers").json() == [
        contractors | {"seconds": 20, "formatted_time": "00:00:20"}
    ]
    start_timer(account.leader, one)
    clock.advance(seconds=10)
    seconds = {timer["id"]: timer["seconds"] for timer in account.leader.client.get("/v2/timers").json()}
    assert seconds == {first["id"]: 20, second["id"]: 10}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"entry_date": "21.5.2024"}, [("entry_date", "invalid")]),
        ({"entry_date": 5, "description": ["x"]}, [("entry_date", "invalid"), ("description", "invalid")]),
    ],
)
def test_a_malformed_start_is_rejected_and_pauses_nothing(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    running = start_timer(account.leader, make_project(account, "Running"))

    response = account.leader.client.put(timer_path(make_project(account), "/start"), body)

    assert (response.status, response.codes) == (400, faults)
    assert {error["resource"] for error in response.json()["errors"]} == {"Timer"}
    assert account.leader.client.get("/v2/timers").json() == [running]


# Pending timers


def test_an_edit_creates_a_pending_timer_that_is_not_listed(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    client = account.leader.client
    log = EventReader(account)

    response = client.put(timer_path(project), {"description": "Later #planning"})

    assert response.status == 200
    pending = response.json()
    assert list(pending) == KEYS
    assert (pending["state"], pending["seconds"], pending["date"]) == ("pending", 0, "2024-05-21")
    assert pending["description"] == "Later #planning"
    clock.advance(seconds=86_400)
    assert client.get(timer_path(project)).json() == pending
    assert client.put(pending["pause_url"]).json() == pending
    assert client.put(pending["add_or_subtract_time_url"], {"seconds": -5}).json() == pending
    assert client.get("/v2/timers").json() == []
    assert client.put(timer_path(make_project(account, "Other"))).json()["description"] is None
    started = client.put(pending["start_url"]).json()
    assert started == pending | {"state": "running", "date": "2024-05-22"}
    assert ids(client.get("/v2/timers").json()) == [pending["id"]]
    assert log.read_new_types() == ["project.created"]


def test_a_description_is_edited_in_every_state(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account), description="first")
    client = account.leader.client
    clock.advance(seconds=5)
    passed = {"seconds": 5, "formatted_time": "00:00:05"}

    assert client.put(timer["url"], {"description": "second"}).json() == timer | passed | {"description": "second"}
    assert client.put(timer["url"]).json()["description"] == "second"
    client.put(timer["pause_url"])
    assert client.put(timer["url"], {"description": None}).json() == timer | passed | {
        "state": "paused",
        "description": None,
    }
    assert client.put(timer["url"], {"description": 5}).codes == [("description", "invalid")]


# Correcting


def test_time_is_added_and_subtracted_down_to_nothing(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account))
    client = account.leader.client
    clock.advance(seconds=10)

    def correct(**body: Any) -> tuple[str, int]:
        response = client.put(timer["add_or_subtract_time_url"], body)
        assert response.status == 200
        assert response.body == client.get(timer["url"]).body
        return response.json()["state"], response.json()["seconds"]

    assert correct(minutes=1, seconds=30) == ("running", 100)
    assert correct() == ("running", 100)
    assert correct(minutes=None, seconds="") == ("running", 100)
    clock.advance(seconds=5)
    assert correct(minutes="-1") == ("running", 45)
    assert correct(minutes=1, seconds=-100) == ("running", 5)
    assert correct(seconds=-6) == ("running", 0)
    clock.advance(seconds=5)
    assert correct(minutes=1, seconds=-60) == ("running", 5)
    client.put(timer["pause_url"])
    assert correct(seconds=10) == ("paused", 15)
    assert correct(seconds=-100) == ("paused", 0)


def test_adding_time_to_a_pending_timer_pauses_it(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    client = account.leader.client
    client.put(timer_path(project))

    timer = client.put(timer_path(project, "/add_or_subtract_time"), {"minutes": 5}).json()

    assert (timer["state"], timer["seconds"]) == ("paused", 300)
    assert client.get("/v2/timers").json() == [timer]
    started = client.put(timer["start_url"], {"entry_date": "2024-05-01"}).json()
    assert started == timer | {"state": "running", "date": "2024-05-01"}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"minutes": "x"}, [("minutes", "invalid")]),
        ({"minutes": 0.5, "seconds": True}, [("minutes", "invalid"), ("seconds", "invalid")]),
        ({"minutes": 10**9}, [("minutes", "invalid")]),
        ({"seconds": -(10**30)}, [("seconds", "invalid")]),
    ],
)
def test_a_malformed_correction_is_rejected(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    timer = start_timer(account.leader, make_project(account))

    response = account.leader.client.put(timer["add_or_subtract_time_url"], body)

    assert (response.status, response.codes) == (400, faults)
    assert account.leader.client.get(timer["url"]).json() == timer


def test_a_timer_is_capped_at_the_maximum_of_an_entry(account: Account) -> None:
    timer = start_timer(account.leader, make_project(account))
    client = account.leader.client

    for _ in range(3):
        response = client.put(timer["add_or_subtract_time_url"], {"minutes": 10_000_000})
        assert response.json()["seconds"] == 600_000_000
    assert client.put(timer["log_url"]).status == 204
    assert client.get("/v2/entries").json()[0]["minutes"] == 10_000_005


# Reading


def test_timers_are_listed_running_first_then_those_paused_last(account: Account, clock: FakeClock) -> None:
    projects = [make_project(account, name) for name in "ABCD"]
    a, b, c, d = projects
    for project in (a, b, c, a, d, b):
        start_timer(account.leader, project)
        clock.advance(seconds=60)
    client = account.leader.client

    def names() -> list[str]:
        return [timer["project"]["name"] for timer in client.get("/v2/timers").json()]

    assert names() == ["B", "D", "A", "C"]
    client.put(timer_path(b, "/pause"))
    client.put(timer_path(d, "/pause"))
    assert names() == ["B", "D", "A", "C"]
    start_timer(account.leader, c)
    assert names() == ["C", "B", "D", "A"]
    first = client.get("/v2/timers", {"per_page": 3})
    assert [timer["project"]["name"] for timer in client.get(first.links["next"]).json()] == ["A"]


def test_timers_are_filtered(account: Account, clock: FakeClock) -> None:
    alpha, beta = make_project(account, "Alpha"), make_project(account, "Beta", billable=False)
    start_timer(account.leader, alpha, description="Größe messen")
    clock.advance(seconds=60)
    start_timer(account.leader, beta)

    for query, names in (
        ({}, ["Beta", "Alpha"]),
        ({"description": "GRÖSSE"}, ["Alpha"]),
        ({"description": "x"}, []),
        ({"projects": alpha["id"]}, ["Alpha"]),
        ({"projects": f"{alpha['id']}, {beta['id']},{NO_SUCH_ID}"}, ["Beta", "Alpha"]),
        ({"project_ids": beta["id"]}, ["Beta"]),
        ({"projects": alpha["id"], "project_ids": beta["id"]}, ["Alpha"]),
        ({"billable": "true"}, ["Alpha"]),
        ({"billable": "false"}, ["Beta"]),
        ({"billable": "false", "projects": alpha["id"]}, []),
        ({"billable": "", "projects": ""}, ["Beta", "Alpha"]),
    ):
        found = account.leader.client.get("/v2/timers", query).json()
        assert [timer["project"]["name"] for timer in found] == names, query


@pytest.mark.parametrize("query", ["projects=a", "project_ids=1,x", "billable=1"])
def test_malformed_timer_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get("/v2/timers", query)

    assert response.status == 400
    assert [code for _, code in response.codes] == ["invalid"]


@pytest.mark.parametrize("role", ROLES)
def test_every_user_has_their_own_timers(account: Account, role: str) -> None:
    person = account.people[role]
    project = make_project(account, "Open", *[person] * (role in ("coworker", "contractor")))
    owners = start_timer(account.owner, project)

    assert person.client.get("/v2/timers").json() == []
    assert person.client.get(timer_path(project)).status == 404
    own = start_timer(person, project)
    assert own["url"] == owners["url"]
    assert own["id"] != owners["id"]
    assert person.client.delete(own["url"]).status == 204
    assert account.owner.client.get("/v2/timers").json() == [owners]


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_timers_of_inaccessible_projects_are_hidden(account: Account, role: str, clock: FakeClock) -> None:
    person = account.people[role]
    project, other = make_project(account, "Open", person), make_project(account, "Other", person)
    timer = start_timer(person, project)
    revoke = f"/v2/users/{person.id}/revoke_access_to_projects"
    account.supervisor.client.put(revoke, {"project_ids": [project["id"]]})

    assert person.client.get("/v2/timers").json() == []
    assert person.client.get(timer_path(project)).status == 404
    assert person.client.delete(timer_path(project)).status == 404
    for action in ACTIONS:
        assert person.client.put(timer_path(project, action)).status == 404
    clock.advance(seconds=60)
    # It is still the running timer, and so is paused by the start of another.
    start_timer(person, other)
    clock.advance(seconds=60)
    give_access(account, person, project)
    assert person.client.get(timer["url"]).json() == timer | {
        "state": "paused",
        "seconds": 60,
        "formatted_time": "00:01:00",
    }


def test_timers_of_unknown_projects_are_404(account: Account, other_account: Account) -> None:
    theirs = start_timer(other_account.leader, make_project(other_account))
    client = account.supervisor.client

    for id in (NO_SUCH_ID, theirs["project"]["id"], 0, "abc"):
        url = f"/v2/projects/{id}/timer"
        assert (client.get(url).status, client.get(url).body) == (404, b"")
        assert client.delete(url).status == 404
        for action in ACTIONS:
            assert client.put(url + action, {"entry_date": "never", "minutes": "x", "description": 5}).status == 404
    assert other_account.leader.client.get("/v2/timers").json() == [theirs]


def test_a_project_without_a_timer_is_404(account: Account) -> None:
    project = make_project(account)
    client = account.leader.client

    assert (client.get(timer_path(project)).status, client.get(timer_path(project)).body) == (404, b"")
    assert client.delete(timer_path(project)).status == 404
    for action in ACTIONS[2:]:
        assert client.put(timer_path(project, action), {"minutes": "x"}).status == 404
    assert client.get("/v2/timers").json() == []


# Discarding


def test_a_discarded_timer_leaves_nothing_behind(account: Account, clock: FakeClock) -> None:
    timer = start_timer(account.leader, make_project(account), description="#planning")
    log = EventReader(account)
    clock.advance(seconds=60)
    client = account.leader.client

    response = client.delete(timer["url"])

    assert (response.status, response.body) == (204, b"")
    assert client.get(timer["url"]).status == client.delete(timer["url"]).status == 404
    assert client.get("/v2/timers").json() == client.get("/v2/entries").json() == []
    assert client.get("/v2/inbox_entries").json() == log.read_new() == []
    assert client.put(timer["start_url"]).json()["seconds"] == 0


# Archived projects


@pytest.mark.parametrize("action", ["", "/start", "/log"])
def test_timers_of_archived_projects_cannot_be_started_or_logged(account: Account, action: str) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    start_timer(account.leader, project)
    archive(account, project)
    client = account.leader.client
    before = client.get(timer_path(project)).json()

    response = client.put(timer_path(project, action), {"description": 5, "entry_date": "never"})

    assert response.status == 400
    assert response.refusal == {
        "message": "The Timer belongs to an archived project.",
        "errors": [{"resource": "Timer", "field": "base", "code": "archived_project"}],
    }
    assert client.get(timer_path(project)).json() == before


def test_no_timer_is_created_in_an_archived_project(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    archive(account, project)

    for action in ("", "/start"):
        response = account.leader.client.put(timer_path(project, action))
        assert response.codes == [("base", "archived_project")]
    assert account.leader.client.get(timer_path(project)).status == 404


def test_the_time_on_an_archived_project_can_still_be_corrected_and_saved(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    timer = start_timer(account.leader, project)
    archive(account, project)
    client = account.leader.client

    assert client.put(timer["pause_url"]).json()["state"] == "paused"
    assert client.put(timer["add_or_subtract_time_url"], {"minutes": 5}).json()["seconds"] == 300
    assert client.put(timer_path(project, "/log_inbox_entry")).status == 204
    assert client.get("/v2/inbox_entries").json()[0]["minutes"] == 5
