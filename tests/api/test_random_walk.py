"""Random requests to one account: events match changes exactly, and all counters are correct.

``HOURHOOK_TEST_SEEDS=100-199 HOURHOOK_TEST_STEPS=1000 bin/test tests/api/test_random_walk.py`` runs more of them. A
failure names its seed, step and request; the same seed repeats the same requests.
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest

from hourhook.clock import format_timestamp, truncate_to_second
from hourhook.domain import sums
from tests.support.accounts import Account, Person
from tests.support.clients import Response
from tests.support.clocks import FakeClock
from tests.support.event_replica import (
    Resources,
    apply_event,
    find_inconsistencies,
    find_moved_amounts,
    find_stale,
    own_fields,
    read_account,
)
from tests.support.events_of import Event, EventReader
from tests.support.random_actions import ALL_ACTIONS, AMOUNT_ACTIONS, Action, Chooser, Request
from tests.support.seeds import chosen_seeds
from tests.support.webhooks import make_webhook

STEPS = int(os.environ.get("HOURHOOK_TEST_STEPS", "300"))


@pytest.mark.parametrize("seed", chosen_seeds("0"))
@pytest.mark.parametrize(
    ("actions", "steps"), [(ALL_ACTIONS, STEPS), (AMOUNT_ACTIONS, STEPS // 2)], ids=["all", "amounts"]
)
def test_events_alone_reproduce_the_account_and_its_counters(
    account: Account, clock: FakeClock, actions: Sequence[Action], steps: int, seed: int
) -> None:
    RandomWalk(account, clock, seed, actions).run(steps)


class RandomWalk:
    """Sends random requests to an account and compares it with a replica that only follows its events."""

    def __init__(self, account: Account, clock: FakeClock, seed: int, actions: Sequence[Action]) -> None:
        self._account = account
        self._clock = clock
        self._seed = seed
        self._choose = Chooser(account, seed, actions)
        self._webhook = make_webhook(account, name="all events", events=["*"])
        self._log_url = f"{self._webhook['url']}/payloads"
        self._log = EventReader(account)
        self._event_types: list[str] = []
        self._replica = read_account(account)

    def run(self, steps: int) -> None:
        for step in range(steps):
            self._clock.advance(seconds=self._choose.any(0, 1, 60, 3600))
            before = self._replica
            request = self._choose.next(before)
            try:
                self._take_step(request, before, step)
            except (AssertionError, KeyError) as error:
                # Otherwise pytest prints the whole account.
                raise AssertionError(f"seed {self._seed}, step {step}: {request}: {error}") from None
        self._check_webhook()
        assert self._account.database.read_now(sums.find_differences) == {}

    def _take_step(self, request: Request, before: Resources, step: int) -> None:
        response = self._send(request.person, request.method, request.path, request.body)
        events = self._log.read_new()
        now = read_account(self._account)
        assert response.status < 500, response.body
        if response.status >= 400:
            assert [event.type for event in events] == []
            assert find_changed(before, now) == []
        replica = {resource: {**objects} for resource, objects in before.items()}
        for event in events:
            apply_event(replica, event)
        self._check_events(events)
        assert find_changed(own_fields(replica), own_fields(now)) == []
        assert find_stale(before, now, format_timestamp(truncate_to_second(self._clock.now()))) == []
        assert find_moved_amounts(before, now) == []
        assert find_inconsistencies(now) == []
        self._check_others(request, now, step)
        self._event_types += [event.type for event in events]
        self._replica = now

    def _check_events(self, events: list[Event]) -> None:
        """Check that the newest event of each object has, byte for byte, the object that GET returns."""
        newest = {event.object["url"]: event for event in events}
        for url, event in newest.items():
            response = self._send(self._account.owner, "GET", url)
            if ".deleted" in event.type:
                assert response.status == 404, url
            else:
                assert response.body == event.text, f"{event.type} has {event.text!r}, GET has {response.body!r}"

    def _check_others(self, request: Request, now: Resources, step: int) -> None:
        """Check resources without events: webhooks, and timers and inbox of the caller, or sometimes of all users."""
        people = self._account.people.values() if step % 10 == 0 else [request.person]
        if "webhooks" in request.path:
            webhooks = self._send(self._account.owner, "GET", "/v2/webhooks?per_page=1000").json()
            self._choose.others["webhooks"] = [each for each in webhooks if each["id"] != self._webhook["id"]]
        for person in people:
            timers = self._send(person, "GET", "/v2/timers?per_page=1000")
            inbox = self._send(person, "GET", "/v2/inbox_entries?per_page=1000")
            if timers.status == 401:
                continue
            check_timers(timers.json(), now)
            check_inbox(inbox.json(), now)
            if person is request.person:
                self._choose.others["inbox_entries"] = inbox.json()

    def _send(self, person: Person, method: str, path: str, body: object = b"") -> Response:
        """Send a request as a user. All users share one connection, so that it is never idle for long."""
        headers = {"X-NokoToken": person.token}
        return self._account.client.request(method, path, body=body, headers=headers)

    def _check_webhook(self) -> None:
        """Check that the log of a webhook for all events has every event, in order and without gaps."""
        logged: list[tuple[int, str]] = []
        page = 1
        while found := self._send(self._account.owner, "GET", f"{self._log_url}?per_page=1000&page={page}").json():
            logged += [(payload["sequence"], payload["type"]) for payload in found if payload["sequence"] is not None]
            page += 1
        logged.reverse()
        assert logged == [*enumerate(self._event_types, 1)]


def check_timers(timers: list[dict[str, Any]], resources: Resources) -> None:
    """Check that at most one timer runs, none runs on an archived project, and each has a project."""
    running = [timer for timer in timers if timer["state"] == "running"]
    assert len(running) <= 1, running
    for timer in timers:
        project = resources["project"].get(timer["project"]["id"])
        assert project is not None, timer
        assert project["enabled"] or timer["state"] != "running", timer


def check_inbox(inbox_entries: list[dict[str, Any]], resources: Resources) -> None:
    """Check that a logged inbox entry links to its entry as long as that exists."""
    urls = {entry["url"] for entry in resources["entry"].values()}
    for inbox_entry in inbox_entries:
        if inbox_entry["entry_url"] is not None:
            assert inbox_entry["logged"], inbox_entry
            assert inbox_entry["entry_url"] in urls, inbox_entry


def find_changed(before: Resources, after: Resources) -> list[str]:
    """Return the differences between two states of an account."""
    return [
        f"{resource} {id}: {before[resource].get(id)!r} became {after[resource].get(id)!r}"
        for resource in before
        for id in {*before[resource], *after[resource]}
        if before[resource].get(id) != after[resource].get(id)
    ]
