"""A clock that was ahead at an earlier start is warned about, and there is a way back."""

import pytest

from hourhook.clock import DAY, SECOND, truncate_to_second
from hourhook.domain import account_settings
from hourhook.errors import OperatorError
from hourhook.process.clock_check import warn_if_clock_is_behind
from hourhook.store.database import Database
from tests.conftest import Logged
from tests.support.backlogs import Backlog, make_backlog
from tests.support.clocks import FakeClock


@pytest.fixture
def backlog(database: Database, clock: FakeClock) -> Backlog:
    """An account whose latest event was recorded by a clock that was 400 days ahead."""
    backlog = make_backlog(database)
    clock.advance(400 * DAY / SECOND)
    backlog.record("tag.created")
    clock.advance(-400 * DAY / SECOND)
    return backlog


def test_accounts_whose_latest_event_is_in_the_future_are_named_at_start(
    backlog: Backlog, database: Database, logged: Logged
) -> None:
    make_backlog(database, "southwind").record("tag.created")

    warn_if_clock_is_behind(database)

    [line] = logged
    assert (line["log_level"], line["account"], line["latest_event_at"]) == (
        "warning",
        "northwind",
        "2025-06-25T10:05:00Z",
    )
    assert "hourhook account set --account northwind event_time=now" in line["advice"]


def test_event_times_go_back_to_the_clock_when_an_operator_says_so(
    backlog: Backlog, database: Database, clock: FakeClock, logged: Logged
) -> None:
    backlog.write(account_settings.update_settings, {"event_time": "now"})

    warn_if_clock_is_behind(database)
    assert logged == []
    assert backlog.write(lambda tx: tx.event_time) == truncate_to_second(clock.now())


def test_event_times_of_the_past_stay_when_an_operator_resets_them(database: Database, clock: FakeClock) -> None:
    backlog = make_backlog(database)
    backlog.record("tag.created")
    before = clock.now()
    clock.advance(60)
    backlog.write(account_settings.update_settings, {"event_time": "now"})
    clock.advance(-30)

    assert backlog.write(lambda tx: tx.event_time) == before + 30 * SECOND


def test_an_event_time_other_than_now_is_refused(backlog: Backlog) -> None:
    with pytest.raises(OperatorError, match="event_time=yesterday is invalid: must be now"):
        backlog.write(account_settings.update_settings, {"event_time": "yesterday"})
