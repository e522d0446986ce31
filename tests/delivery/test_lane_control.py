"""Lane control: enable, disable, retry, skip, replay and retarget."""

from collections.abc import Callable

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import lane_control, one_offs
from hourhook.store.database import Database
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog
from tests.support.clocks import FakeClock

OTHER_URI = "https://time.example:8443/hook"
USER_ID = 7

Control = Callable[[Backlog], object]


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def stall(backlog: Backlog) -> None:
    """Exhaust the retries of the head."""
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt(500, retry_seconds=None)


def lease_lane(backlog: Backlog) -> None:
    """Lease the lane."""
    backlog.database.run_now(backlog.lease)


def skip_first(backlog: Backlog) -> object:
    return backlog.control(lane_control.skip, 1, USER_ID)


MOVES: dict[str, Control] = {
    "disable": lambda backlog: backlog.control(lane_control.disable, "by_user"),
    "disable_gone": lambda backlog: backlog.control(lane_control.disable_gone, 2),
    "retarget": lambda backlog: backlog.control(lane_control.retarget, OTHER_URI),
    "skip": lambda backlog: backlog.control(lane_control.skip, 2, USER_ID),
    "replay": lambda backlog: backlog.control(lane_control.replay, 1),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_lane_control_revokes_the_lease(backlog: Backlog, move: Control) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    backlog.attempt(500)
    lease_lane(backlog)
    assert lane_of(backlog).lease_token is not None

    move(backlog)

    row = lane_of(backlog)
    assert row.lease_token is row.lease_worker is row.lease_expires_at is None


def test_enabling_a_stalled_lane_revokes_the_lease_of_a_retry(backlog: Backlog) -> None:
    stall(backlog)
    backlog.control(lane_control.retry, 1)
    lease_lane(backlog)

    backlog.control(lane_control.enable)

    assert lane_of(backlog).lease_token is None


def test_a_new_name_or_secret_keeps_the_lease_and_bumps_the_revision(backlog: Backlog) -> None:
    backlog.record("tag.created")
    lease_lane(backlog)
    before = lane_of(backlog)

    backlog.control(lane_control.reload_target)

    assert lane_of(backlog).revision == before.revision + 1
    assert lane_of(backlog).lease_token == before.lease_token


def test_a_new_lane_is_enabled_and_empty(backlog: Backlog) -> None:
    row = lane_of(backlog)

    assert (row.enabled, row.stalled, row.head_sequence, row.last_sequence, row.due_at) == (True, False, 1, 0, None)
    assert row.destination == "http://127.0.0.1:9"


def test_a_disabled_lane_keeps_its_payloads_until_enabled(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated")
    backlog.control(lane_control.disable, "by_user")
    row = lane_of(backlog)
    assert (row.enabled, row.disabled_reason, row.due_at) == (False, "by_user", None)
    assert (row.head_sequence, row.last_sequence) == (1, 2)

    clock.advance(5)
    backlog.control(lane_control.enable)

    row = lane_of(backlog)
    assert (row.enabled, row.disabled_reason, row.due_at) == (True, None, clock.now())
    backlog.attempt()
    backlog.attempt()
    assert [sequence for sequence, _, _ in attempts_of(backlog)] == [1, 2]


def test_disabling_a_disabled_lane_changes_nothing(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(410)
    assert backlog.control(lane_control.disable_gone, 1)

    backlog.control(lane_control.disable, "by_user")

    assert lane_of(backlog).disabled_reason == "gone"


def test_enabling_an_empty_lane_does_not_make_it_due(backlog: Backlog) -> None:
    backlog.control(lane_control.disable, "by_user")
    backlog.control(lane_control.enable)

    assert lane_of(backlog).due_at is None


def test_enabling_an_enabled_lane_changes_nothing(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=100)
    before = lane_of(backlog)

    backlog.control(lane_control.enable)

    assert lane_of(backlog) == before


def test_a_reenabled_lane_gets_a_new_window_and_keeps_its_numbers(backlog: Backlog) -> None:
    stall(backlog)

    backlog.control(lane_control.enable)

    row = lane_of(backlog)
    assert (row.stalled, row.failures_count, row.window_started_at) == (False, 0, None)
    assert (row.attempts_count, row.head_sequence, row.due_at) == (1, 1, backlog.database.clock.now())


def test_410_disables_the_lane_only_while_its_payload_is_the_head(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated")
    assert not backlog.control(lane_control.disable_gone, 1), "it has not failed"
    backlog.attempt(410)
    assert not backlog.control(lane_control.disable_gone, 2), "it is not the head"
    skip_first(backlog)
    assert not backlog.control(lane_control.disable_gone, 1), "it was skipped"

    backlog.attempt(410)
    assert backlog.control(lane_control.disable_gone, 2)
    assert not backlog.control(lane_control.disable_gone, 2), "it is disabled already"


def test_410_does_not_disable_a_retargeted_lane(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(410)
    backlog.set_uri(OTHER_URI)

    assert not backlog.control(lane_control.disable_gone, 1)


def test_a_retry_makes_a_failing_head_due_as_if_succeeding(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=1000)
    clock.advance(1)

    assert backlog.control(lane_control.retry, 1) == "now"

    row = lane_of(backlog)
    assert (row.due_at, row.last_succeeded, row.head_sequence, row.attempts_count) == (clock.now(), True, 1, 1)


def test_a_retry_changes_nothing_unless_the_payload_is_an_idle_head(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    lease_lane(backlog)
    before = lane_of(backlog)

    assert [backlog.control(lane_control.retry, sequence) for sequence in (1, 2, 3)] == [
        "settled",
        "in_flight",
        "waiting",
    ]
    assert lane_of(backlog) == before


def test_a_retry_in_a_disabled_lane_changes_nothing(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.control(lane_control.disable, "by_user")

    assert backlog.control(lane_control.retry, 1) == "waiting"
    assert lane_of(backlog).due_at is None


def test_a_skip_advances_the_head_and_ends_a_stall(backlog: Backlog) -> None:
    stall(backlog)

    assert skip_first(backlog)

    row = lane_of(backlog)
    assert (row.head_sequence, row.stalled, row.due_at) == (2, False, backlog.database.clock.now())
    assert (row.attempts_count, row.failures_count) == (0, 0)
    assert row.failing_since is row.window_started_at is None


def test_only_the_failing_head_can_be_skipped(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated")
    assert not skip_first(backlog), "it has not failed yet"
    backlog.attempt(500)
    assert not backlog.control(lane_control.skip, 2, USER_ID), "it waits"
    assert skip_first(backlog)
    assert not skip_first(backlog), "it was skipped before"

    assert lane_of(backlog).head_sequence == 2


def test_skipping_the_last_payload_makes_the_lane_idle(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500)

    skip_first(backlog)

    assert lane_of(backlog).due_at is None
    backlog.record("tag.updated")
    backlog.attempt()
    assert attempts_of(backlog)[-1] == (2, 1, 200)


def test_a_skip_in_a_disabled_lane_advances_the_head_only(backlog: Backlog) -> None:
    stall(backlog)
    backlog.control(lane_control.disable, "by_user")

    assert skip_first(backlog)

    assert (lane_of(backlog).head_sequence, lane_of(backlog).due_at) == (2, None)


def test_a_replay_resends_in_order_and_continues_attempt_numbers(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    backlog.attempt()
    backlog.attempt(500)

    backlog.control(lane_control.replay, 2)
    row = lane_of(backlog)
    assert (row.head_sequence, row.replayed_through, row.due_at) == (2, 3, backlog.database.clock.now())
    backlog.attempt()
    backlog.attempt()

    assert sorted(attempts_of(backlog)) == [(1, 1, 200), (2, 1, 200), (2, 2, 200), (3, 1, 500), (3, 2, 200)]


def test_a_replay_never_moves_forward(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    before = lane_of(backlog)

    for sequence in (2, 3, 99):
        backlog.control(lane_control.replay, sequence)

    assert lane_of(backlog) == before


def test_a_replay_keeps_a_lane_stalled_or_disabled(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt()
    stall(backlog)
    backlog.control(lane_control.replay, 1)
    row = lane_of(backlog)
    assert (row.head_sequence, row.stalled, row.due_at) == (1, True, None)

    backlog.control(lane_control.disable, "by_user")
    backlog.control(lane_control.replay, 1)
    assert lane_of(backlog).due_at is None


def test_a_new_uri_keeps_the_head_and_its_schedule(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=100)
    before = lane_of(backlog)

    backlog.control(lane_control.retarget, OTHER_URI)

    row = lane_of(backlog)
    assert row.destination == "https://time.example:8443"
    assert (row.head_sequence, row.due_at, row.attempts_count) == (1, before.due_at, 1)
    assert row.due_at == backlog.database.clock.now() + 100 * SECOND


def test_deleting_a_lane_deletes_its_one_offs_only(backlog: Backlog) -> None:
    other = backlog.add_webhook()
    for one in (backlog, other):
        one.control(one_offs.ping)

    backlog.control(lane_control.delete_lane)

    assert [one_off.webhook_id for one_off in other.send_one_offs()] == [other.webhook_id]
    backlog.record("tag.created")
    other.attempt()


def test_making_a_lane_due_wakes_workers(backlog: Backlog) -> None:
    wakeups: list[str] = []
    controls: list[Control] = [
        lambda backlog: backlog.control(lane_control.retry, 1),
        lambda backlog: backlog.control(lane_control.retarget, URI),
        skip_first,
        lambda backlog: backlog.control(lane_control.replay, 1),
        lambda backlog: backlog.control(lane_control.enable),
        lambda backlog: backlog.control(one_offs.ping),
        lambda backlog: backlog.record("tag.created"),
    ]
    stall(backlog)
    for control in controls:
        if control is controls[4]:
            backlog.control(lane_control.disable, "by_user")
        wakeups.clear()
        backlog.database.wake = lambda: wakeups.append("due")
        control(backlog)
        assert wakeups == ["due"]
