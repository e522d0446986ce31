"""Event times: they never go back within an account, and it is said when they stand still."""

import pytest

from hourhook.clock import DAY, SECOND
from hourhook.store.database import Database
from tests.conftest import Logged
from tests.support.backlogs import Backlog, lane_of, make_backlog
from tests.support.clocks import FakeClock

STAND_STILL = "event times stand still: the clock is behind the latest event"


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def said(logged: Logged) -> list[tuple[int, int]]:
    return [(line["account"], line["behind_seconds"]) for line in logged if line["event"] == STAND_STILL]


def test_events_whose_time_stands_still_are_counted_and_logged_once(
    backlog: Backlog, database: Database, clock: FakeClock, logged: Logged
) -> None:
    backlog.record("tag.created")
    assert (database.event_times.held_total, said(logged)) == (0, [])
    clock.advance(-DAY / SECOND)

    backlog.record("tag.updated", "tag.deleted")
    backlog.record("tag.created")

    assert database.event_times.held_total == 3
    assert said(logged) == [(backlog.account_id, DAY // SECOND)]


def test_a_write_without_events_is_not_counted_as_standing_still(
    backlog: Backlog, database: Database, clock: FakeClock, logged: Logged
) -> None:
    backlog.record("tag.created")
    clock.advance(-DAY / SECOND)

    backlog.write(lambda _: None)

    assert (database.event_times.held_total, said(logged)) == (0, [])


def test_a_delivery_is_due_now_although_its_event_time_stands_still(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt()
    clock.advance(-DAY / SECOND)

    backlog.record("tag.updated")

    assert lane_of(backlog).due_at == clock.now()
