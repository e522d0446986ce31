"""Timers whose project is archived, deleted or merged, and timers whose user is deactivated or deleted."""

from typing import Any

from tests.support.accounts import Account, Person
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import ids, make_entry, make_project, start_timer


def timers_of(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.client.get("/v2/timers").json()
    return found


def merge(account: Account, target: dict[str, Any], source: dict[str, Any]) -> None:
    response = account.leader.client.put(target["merge_url"], {"project_id": source["id"]})
    assert response.status == 204, response.body


# Deactivated


def test_deactivating_a_user_pauses_their_timer(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    make_entry(account.leader)
    timer, others = start_timer(account.leader, project), start_timer(account.owner, project)
    log = EventReader(account)
    clock.advance(seconds=60)
    url = f"/v2/users/{account.leader.id}"

    assert account.supervisor.client.put(f"{url}/deactivate").status == 204

    clock.advance(seconds=3600)
    assert log.read_new_types() == ["user.updated", "user.updated.deactivated"]
    assert account.supervisor.client.put(f"{url}/activate").status == 204
    assert timers_of(account.leader) == [timer | {"state": "paused", "seconds": 60, "formatted_time": "00:01:00"}]
    assert timers_of(account.owner) == [others | {"seconds": 3660, "formatted_time": "01:01:00"}]


# Archived


def test_archiving_a_project_pauses_the_timers_of_all_users(account: Account, clock: FakeClock) -> None:
    project, other = make_project(account, "Project", account.contractor), make_project(account, "Other")
    make_entry(account.leader, project_id=project["id"])
    started = [start_timer(person, project) for person in (account.contractor, account.leader)]
    elsewhere = start_timer(account.owner, other)
    log = EventReader(account)
    clock.advance(seconds=60)

    assert account.leader.client.put(project["archive_url"]).status == 204

    clock.advance(seconds=60)
    for person, timer in zip((account.contractor, account.leader), started, strict=True):
        assert timers_of(person) == [
            timer
            | {
                "state": "paused",
                "seconds": 60,
                "formatted_time": "00:01:00",
                "project": timer["project"] | {"enabled": False},
            }
        ]
    assert timers_of(account.owner) == [elsewhere | {"seconds": 120, "formatted_time": "00:02:00"}]
    assert log.read_new_types() == ["project.updated", "project.updated.archived"]
    account.leader.client.put(project["unarchive_url"])
    assert timers_of(account.leader)[0]["state"] == "paused"


def test_bulk_archiving_pauses_timers_of_archived_projects(account: Account) -> None:
    used, unused = make_project(account, "Used"), make_project(account, "Unused")
    make_entry(account.leader, project_id=used["id"])
    start_timer(account.leader, used)
    start_timer(account.owner, unused)
    body = {"project_ids": ids([used, unused])}

    assert account.leader.client.put("/v2/projects/archive", body).status == 204

    assert [timer["state"] for timer in timers_of(account.leader) + timers_of(account.owner)] == ["paused", "running"]


# Deleted


def test_timers_are_deleted_with_their_project(account: Account, clock: FakeClock) -> None:
    one, other, remaining = (make_project(account, name) for name in ("One", "Other", "Kept"))
    start_timer(account.leader, one)
    account.leader.client.put(f"/v2/projects/{other['id']}/timer")
    timer = start_timer(account.owner, remaining)
    start_timer(account.leader, other)
    log = EventReader(account)
    clock.advance(seconds=60)

    assert account.leader.client.delete(one["url"]).status == 204
    assert account.leader.client.put("/v2/projects/delete", {"project_ids": [other["id"]]}).status == 204

    assert log.read_new_types() == ["project.deleted", "project.deleted"]
    assert timers_of(account.leader) == []
    assert timers_of(account.owner) == [timer | {"seconds": 60, "formatted_time": "00:01:00"}]


def test_timers_are_deleted_with_their_user(account: Account) -> None:
    one, other = (make_project(account, name, account.contractor) for name in ("One", "Other"))
    for project in (one, other):
        start_timer(account.contractor, project)
    remaining = start_timer(account.leader, one)
    log = EventReader(account)

    assert account.supervisor.client.delete(f"/v2/users/{account.contractor.id}").status == 204

    assert log.read_new_types() == ["user.deleted"]
    assert timers_of(account.leader) == [remaining]


# Merged


def test_a_merge_moves_timers_in_any_state(account: Account, clock: FakeClock) -> None:
    target, source = make_project(account, "Target"), make_project(account, "Source", account.contractor)
    paused = start_timer(account.contractor, source, entry_date="2024-05-20", description="Paused")
    running = start_timer(account.leader, source, description="Running")
    account.owner.client.put(f"/v2/projects/{source['id']}/timer", {"description": "Pending"})
    clock.advance(seconds=60)
    account.contractor.client.put(paused["pause_url"])
    log = EventReader(account)
    clock.advance(seconds=60)

    merge(account, target, source)

    assert log.read_new_types() == ["project.deleted", "project.deleted.merged"]
    url = f"{account.base_url}/v2/projects/{target['id']}/timer"
    for person, timer, expected in (
        (account.contractor, paused, {"state": "paused", "seconds": 60, "formatted_time": "00:01:00"}),
        (account.leader, running, {"state": "running", "seconds": 120, "formatted_time": "00:02:00"}),
    ):
        [moved] = timers_of(person)
        assert moved == person.client.get(url).json()
        assert (moved["url"], moved["project"]["id"]) == (url, target["id"])
        assert {key: moved[key] for key in ("id", "date", "description", *expected)} == {
            key: timer[key] for key in ("id", "date", "description")
        } | expected
    pending = account.owner.client.get(url).json()
    assert (pending["state"], pending["description"]) == ("pending", "Pending")


def test_a_merge_combines_two_timers_of_a_user(account: Account, clock: FakeClock) -> None:
    target, source = make_project(account, "Target"), make_project(account, "Source")
    remaining = start_timer(account.leader, target, entry_date="2024-05-19", description="Kept")
    clock.advance(seconds=60)
    start_timer(account.leader, source, entry_date="2024-05-18", description="Gone")
    clock.advance(seconds=30)

    merge(account, target, source)

    expected = remaining | {"state": "running", "seconds": 90, "formatted_time": "00:01:30"}
    assert timers_of(account.leader) == [expected]
    clock.advance(seconds=10)
    assert timers_of(account.leader) == [expected | {"seconds": 100, "formatted_time": "00:01:40"}]


def test_two_paused_timers_combine_into_a_paused_one(account: Account, clock: FakeClock) -> None:
    target, source = make_project(account, "Target"), make_project(account, "Source")
    remaining = start_timer(account.leader, target)
    clock.advance(seconds=60)
    start_timer(account.leader, source, description="Not lost")
    clock.advance(seconds=30)
    account.leader.client.put(f"/v2/projects/{source['id']}/timer/pause")

    merge(account, target, source)

    clock.advance(seconds=30)
    assert timers_of(account.leader) == [
        remaining | {"state": "paused", "seconds": 90, "formatted_time": "00:01:30", "description": "Not lost"}
    ]


def test_a_pending_timer_takes_the_date_of_the_one_that_ran(account: Account, clock: FakeClock) -> None:
    target, source = make_project(account, "Target"), make_project(account, "Source")
    pending = account.leader.client.put(f"/v2/projects/{target['id']}/timer", {"description": "Pending"}).json()
    start_timer(account.leader, source, entry_date="2024-05-18", description="Ran")
    clock.advance(seconds=30)

    merge(account, target, source)

    assert timers_of(account.leader) == [
        pending | {"state": "running", "seconds": 30, "formatted_time": "00:00:30", "date": "2024-05-18"}
    ]


def test_a_merge_leaves_timers_of_other_projects_alone(account: Account, clock: FakeClock) -> None:
    target, source, third = (make_project(account, name) for name in ("Target", "Source", "Third"))
    there = start_timer(account.owner, target)
    elsewhere = start_timer(account.leader, third)
    clock.advance(seconds=30)

    merge(account, target, source)

    passed = {"seconds": 30, "formatted_time": "00:00:30"}
    assert timers_of(account.owner) == [there | passed]
    assert timers_of(account.leader) == [elsewhere | passed]
