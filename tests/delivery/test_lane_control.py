"""Steering: what a person, or a receiver that is gone, may do to a lane."""

from collections.abc import Callable

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import lane_control, one_offs
from hourhook.store.database import Database
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog
from tests.support.clocks import FakeClock

OTHER_URI = "https://time.example:8443/hook"
PERSON = 7

Steer = Callable[[Backlog], object]


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def stall(backlog: Backlog) -> None:
    """Have the head fail for good."""
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt(500, retry_seconds=None)


def take(backlog: Backlog) -> None:
    """Have a worker take the lane."""
    backlog.database.run_now(backlog.lease)


def skip_first(backlog: Backlog) -> object:
    return backlog.control(lane_control.skip, 1, PERSON)


MOVES: dict[str, Steer] = {
    "disable": lambda backlog: backlog.control(lane_control.disable, "by_user"),
    "disable_gone": lambda backlog: backlog.control(lane_control.disable_gone, 2),
    "retarget": lambda backlog: backlog.control(lane_control.retarget, OTHER_URI),
    "skip": lambda backlog: backlog.control(lane_control.skip, 2, PERSON),
    "replay": lambda backlog: backlog.control(lane_control.replay, 1),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_whatever_steers_a_lane_takes_it_from_the_worker(backlog: Backlog, move: Steer) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    backlog.attempt(500)
    take(backlog)
    assert lane_of(backlog).lease_token is not None

    move(backlog)

    row = lane_of(backlog)
    assert row.lease_token is row.lease_worker is row.lease_expires_at is None


def test_to_enable_a_stalled_lane_takes_it_from_the_worker_that_retries_it(backlog: Backlog) -> None:
    stall(backlog)
    backlog.control(lane_control.retry, 1)
    take(backlog)

    backlog.control(lane_control.enable)

    assert lane_of(backlog).lease_token is None


def test_a_new_name_or_secret_leaves_the_lane_to_its_worker_who_sees_another_revision(backlog: Backlog) -> None:
    backlog.record("tag.created")
    take(backlog)
    before = lane_of(backlog)

    backlog.control(lane_control.reload_target)

    assert lane_of(backlog).revision == before.revision + 1
    assert lane_of(backlog).lease_token == before.lease_token


def test_a_new_lane_is_enabled_and_has_nothing_to_do(backlog: Backlog) -> None:
    row = lane_of(backlog)

    assert (row.enabled, row.stalled, row.head_sequence, row.last_sequence, row.due_at) == (True, False, 1, 0, None)
    assert row.destination == "http://127.0.0.1:9"


def test_a_disabled_lane_keeps_what_waits_and_has_it_sent_once_enabled(backlog: Backlog, clock: FakeClock) -> None:
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


def test_to_disable_a_disabled_lane_changes_nothing(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(410)
    assert backlog.control(lane_control.disable_gone, 1)

    backlog.control(lane_control.disable, "by_user")

    assert lane_of(backlog).disabled_reason == "gone"


def test_an_enabled_lane_with_nothing_to_send_is_not_due(backlog: Backlog) -> None:
    backlog.control(lane_control.disable, "by_user")
    backlog.control(lane_control.enable)

    assert lane_of(backlog).due_at is None


def test_to_enable_a_lane_that_moves_changes_nothing(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=100)
    take_nothing = lane_of(backlog)

    backlog.control(lane_control.enable)

    assert lane_of(backlog) == take_nothing


def test_a_lane_that_is_enabled_anew_gets_a_new_window_and_counts_its_attempts_on(backlog: Backlog) -> None:
    stall(backlog)

    backlog.control(lane_control.enable)

    row = lane_of(backlog)
    assert (row.stalled, row.failures_count, row.window_started_at) == (False, 0, None)
    assert (row.attempts_count, row.head_sequence, row.due_at) == (1, 1, backlog.database.clock.now())


def test_a_receiver_that_is_gone_stops_the_lane_only_while_that_payload_is_its_head(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated")
    assert not backlog.control(lane_control.disable_gone, 1), "it has not failed"
    backlog.attempt(410)
    assert not backlog.control(lane_control.disable_gone, 2), "it is not the head"
    skip_first(backlog)
    assert not backlog.control(lane_control.disable_gone, 1), "it was skipped"

    backlog.attempt(410)
    assert backlog.control(lane_control.disable_gone, 2)
    assert not backlog.control(lane_control.disable_gone, 2), "it is disabled already"


def test_a_receiver_that_is_gone_stops_no_lane_that_is_sent_elsewhere_by_now(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(410)
    backlog.set_uri(OTHER_URI)

    assert not backlog.control(lane_control.disable_gone, 1)


def test_a_retry_makes_a_failing_head_due_at_once_among_those_that_succeed(backlog: Backlog, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=1000)
    clock.advance(1)

    assert backlog.control(lane_control.retry, 1) == "now"

    row = lane_of(backlog)
    assert (row.due_at, row.last_succeeded, row.head_sequence, row.attempts_count) == (clock.now(), True, 1, 1)


def test_a_retry_does_nothing_to_what_is_on_the_wire_waits_or_is_settled(backlog: Backlog) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    take(backlog)
    before = lane_of(backlog)

    assert [backlog.control(lane_control.retry, sequence) for sequence in (1, 2, 3)] == [
        "settled",
        "in_flight",
        "waiting",
    ]
    assert lane_of(backlog) == before


def test_nothing_of_a_disabled_lane_is_retried(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.control(lane_control.disable, "by_user")

    assert backlog.control(lane_control.retry, 1) == "waiting"
    assert lane_of(backlog).due_at is None


def test_a_skip_moves_the_head_by_one_with_a_new_window_and_ends_a_stall(backlog: Backlog) -> None:
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
    assert not backlog.control(lane_control.skip, 2, PERSON), "it waits"
    assert skip_first(backlog)
    assert not skip_first(backlog), "it was skipped before"

    assert lane_of(backlog).head_sequence == 2


def test_after_a_skip_of_the_last_payload_nothing_is_due(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500)

    skip_first(backlog)

    assert lane_of(backlog).due_at is None
    backlog.record("tag.updated")
    backlog.attempt()
    assert attempts_of(backlog)[-1] == (2, 1, 200)


def test_a_skip_in_a_disabled_lane_moves_the_head_and_sends_nothing(backlog: Backlog) -> None:
    stall(backlog)
    backlog.control(lane_control.disable, "by_user")

    assert skip_first(backlog)

    assert (lane_of(backlog).head_sequence, lane_of(backlog).due_at) == (2, None)


def test_a_replay_sends_everything_since_in_order_and_counts_attempts_on(backlog: Backlog) -> None:
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


def test_a_replay_ends_neither_a_stall_nor_a_disabled_state(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt()
    stall(backlog)
    backlog.control(lane_control.replay, 1)
    row = lane_of(backlog)
    assert (row.head_sequence, row.stalled, row.due_at) == (1, True, None)

    backlog.control(lane_control.disable, "by_user")
    backlog.control(lane_control.replay, 1)
    assert lane_of(backlog).due_at is None


def test_a_new_address_keeps_head_and_schedule(backlog: Backlog) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=100)
    before = lane_of(backlog)

    backlog.control(lane_control.retarget, OTHER_URI)

    row = lane_of(backlog)
    assert row.destination == "https://time.example:8443"
    assert (row.head_sequence, row.due_at, row.attempts_count) == (1, before.due_at, 1)
    assert row.due_at == backlog.database.clock.now() + 100 * SECOND


def test_a_closed_lane_takes_its_errands_along_and_leaves_others_alone(backlog: Backlog) -> None:
    other = backlog.add_webhook()
    for one in (backlog, other):
        one.control(one_offs.ping)

    backlog.control(lane_control.delete_lane)

    assert [one_off.webhook_id for one_off in other.send_one_offs()] == [other.webhook_id]
    backlog.record("tag.created")
    other.attempt()


def test_what_makes_a_lane_due_tells_the_workers(backlog: Backlog) -> None:
    wakeups: list[str] = []
    steers: list[Steer] = [
        lambda backlog: backlog.control(lane_control.retry, 1),
        lambda backlog: backlog.control(lane_control.retarget, URI),
        skip_first,
        lambda backlog: backlog.control(lane_control.replay, 1),
        lambda backlog: backlog.control(lane_control.enable),
        lambda backlog: backlog.control(one_offs.ping),
        lambda backlog: backlog.record("tag.created"),
    ]
    stall(backlog)
    for control in steers:
        if control is steers[4]:
            backlog.control(lane_control.disable, "by_user")
        wakeups.clear()
        backlog.database.wake = lambda: wakeups.append("due")
        control(backlog)
        assert wakeups == ["due"]
