"""Settlements: the results of a group of attempts, written for all their lanes at once."""

from typing import Any

import pytest
from sqlalchemy import Table, bindparam, select

from hourhook.clock import MILLISECOND, SECOND
from hourhook.delivery import lane_control
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import leases
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.readahead import EventCache, SequenceRange, read_ahead
from hourhook.delivery.worker.settlements import (
    MAX_SETTLED_ALONE,
    AttemptResult,
    Settlement,
    find_still_leased,
    settle,
)
from hourhook.store.database import Database
from hourhook.store.schema import delivery, lanes
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog
from tests.support.clocks import FakeClock
from tests.support.statements import capture_statements
from tests.support.threads import run_in_thread

MINE, THEIRS = 11, 22


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def take(database: Database, token: int = MINE) -> list[LeasedLane]:
    """Lease all due lanes and read their heads."""
    return database.run_now(_take, token)


def _take(tx: Transaction, token: int) -> list[LeasedLane]:
    now = tx.started_at
    common: Any = {"worker": token, "token": token, "now": now, "expires_at": now + 60 * SECOND, "limit": 100}
    found = [
        lane for succeeding in (True, False) for lane in leases.lease(tx, succeeding=succeeding, saturated=[], **common)
    ]
    heads = [SequenceRange(*lane.key, lane.head_sequence, lane.last_sequence, lane.replayed_through) for lane in found]
    for key, payloads in read_ahead(tx, heads, EventCache()).items():
        next(lane for lane in found if lane.key == key).prefetched += payloads
    return found


def result_of(
    lane: LeasedLane, database: Database, status: int = 200, *, retry_seconds: float | None = 10, keep: bool = True
) -> AttemptResult:
    """Return the result of sending the head of a lane."""
    now = database.clock.now()
    is_success = status < 300
    return AttemptResult(
        lane=lane,
        payloads=lane.prefetched[:1],
        numbers=[lane.number_of(lane.prefetched[0])],
        webhook_name="Webhook",
        url=URI,
        outcome=Outcome(status, None if is_success else "status", now, 3),
        delay=None if is_success or retry_seconds is None else round(retry_seconds * SECOND),
        keep=keep,
    )


def settle_results(database: Database, *results: AttemptResult) -> list[Settlement]:
    settled = database.run_now(settle, [*results])
    for one in settled:
        one.apply()
    return settled


def test_a_success_settled_alone_leaves_the_same_lane_as_one_in_a_group(backlog: Backlog, database: Database) -> None:
    others = [backlog.add_webhook(URI) for _ in range(MAX_SETTLED_ALONE + 1)]
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    leased = take(database)
    [alone] = [lane for lane in leased if lane.webhook_id == backlog.webhook_id]

    for _ in range(2):
        settle_results(database, result_of(alone, database))
        settle_results(database, *(result_of(lane, database) for lane in leased if lane is not alone))

    row = lane_of(backlog)._asdict()
    assert (row["head_sequence"], row["lease_token"], row["last_succeeded"]) == (3, MINE, True)
    assert all({**lane_of(other)._asdict(), "webhook_id": backlog.webhook_id} == row for other in others)
    assert {(lane.head_sequence, lane.last_sequence, len(lane.prefetched)) for lane in leased} == {(3, 3, 1)}
    assert len(attempts_of(backlog)) == len(attempts_of(others[0])) == 2


def test_a_success_advances_the_head_and_is_logged(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    [lane] = take(database)

    [settled] = settle_results(database, result_of(lane, database))

    row = lane_of(backlog)
    assert (row.head_sequence, row.last_sequence, row.last_delivered_at) == (2, 3, database.clock.now())
    assert attempts_of(backlog) == [(1, 1, 200)]
    assert settled.is_kept
    assert (lane.head_sequence, lane.prefetched[0].sequence) == (2, 2)


def test_a_failure_keeps_the_head_and_is_logged(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = take(database)
    first_failure_at = clock.now() - 3 * MILLISECOND

    [settled] = settle_results(database, result_of(lane, database, 500))

    row = lane_of(backlog)
    assert not settled.is_kept
    assert (row.head_sequence, row.attempts_count, row.failures_count) == (1, 1, 1)
    assert (row.failing_since, row.window_started_at) == (first_failure_at, first_failure_at)
    assert (row.due_at, row.last_succeeded, row.last_delivered_at) == (clock.now() + 10 * SECOND, False, None)
    assert (row.lease_token, lane.token) == (None, 0)

    clock.advance(10)
    [lane] = take(database, THEIRS)
    settle_results(database, result_of(lane, database, 500))
    row = lane_of(backlog)
    assert (row.attempts_count, row.failures_count) == (2, 2)
    assert row.failing_since == first_failure_at
    assert attempts_of(backlog) == [(1, 1, 500), (1, 2, 500)]


@pytest.mark.parametrize("late_seconds", [0, 3, 3 * 86_400, -3 * 86_400])
def test_time_without_a_due_attempt_is_no_part_of_the_retry_window(
    backlog: Backlog, database: Database, clock: FakeClock, late_seconds: int
) -> None:
    backlog.record("tag.created")
    [lane] = take(database)
    settle_results(database, result_of(lane, database, 500, retry_seconds=10))
    clock.advance(10 + late_seconds)
    if late_seconds < 0:
        database.run_now(leases.bring_forward, 60 * SECOND)

    [lane] = take(database)
    assert lane.window_elapsed == 10 * SECOND + 3 * MILLISECOND
    settle_results(database, result_of(lane, database, 500, retry_seconds=20))
    clock.advance(20)

    [lane] = take(database)
    assert lane.window_elapsed == 30 * SECOND + 6 * MILLISECOND


@pytest.mark.parametrize(("late_seconds", "elapsed_seconds"), [(-6, 4), (0, 10), (3 * 86_400, 10)])
def test_a_manual_retry_adds_no_time_to_the_window_that_was_not_waited(
    backlog: Backlog, database: Database, clock: FakeClock, late_seconds: int, elapsed_seconds: int
) -> None:
    backlog.record("tag.created")
    [lane] = take(database)
    settle_results(database, result_of(lane, database, 500, retry_seconds=10))
    clock.advance(10 + late_seconds)

    backlog.control(lane_control.retry, 1)

    [lane] = take(database)
    assert lane.window_elapsed == elapsed_seconds * SECOND + 3 * MILLISECOND


def test_a_success_ends_a_failing_state(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated")
    backlog.attempt(500)
    [lane] = take(database)
    assert lane.window_elapsed > 0

    settle_results(database, result_of(lane, database))

    row = lane_of(backlog)
    assert (row.attempts_count, row.failures_count, row.last_succeeded) == (0, 0, True)
    # The next payload, sent under the same lease, has a window of its own.
    assert lane.window_elapsed == 0
    assert row.failing_since is row.window_started_at is None
    assert attempts_of(backlog) == [(1, 1, 500), (1, 2, 200)]


def test_a_final_failure_stalls_the_lane_until_a_success(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = take(database)
    settle_results(database, result_of(lane, database, 500, retry_seconds=None))
    assert (lane_of(backlog).stalled, lane_of(backlog).due_at) == (True, None)
    assert take(database) == []

    backlog.control(lane_control.retry, 1)
    [lane] = take(database)
    settle_results(database, result_of(lane, database))
    assert not lane_of(backlog).stalled
    assert lane_of(backlog).head_sequence == 2


def test_an_empty_lane_goes_idle_and_releases_its_lease(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    [lane] = take(database)

    [settled] = settle_results(database, result_of(lane, database))

    assert not settled.is_kept
    assert lane_of(backlog).due_at is lane_of(backlog).lease_token is None


def test_a_lane_with_a_new_payload_does_not_go_idle(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    [lane] = take(database)
    backlog.record("tag.updated")

    [settled] = settle_results(database, result_of(lane, database))

    assert settled.is_kept
    assert lane.last_sequence == 2
    assert lane_of(backlog).due_at is not None


def test_a_lane_that_is_not_kept_is_due_immediately(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = take(database)
    clock.advance(3)

    [settled] = settle_results(database, result_of(lane, database, keep=False))

    assert not settled.is_kept
    assert lane_of(backlog).due_at == clock.now()
    assert [lane.head_sequence for lane in take(database, THEIRS)] == [2]


@pytest.mark.parametrize("status", [200, 500])
def test_a_result_under_a_lost_lease_changes_nothing(backlog: Backlog, database: Database, status: int) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = take(database)
    database.run_now(leases.release_all)
    take(database, THEIRS)
    before = lane_of(backlog)

    assert settle_results(database, result_of(lane, database, status)) == []

    assert lane_of(backlog) == before
    assert attempts_of(backlog) == []
    assert database.read_now(find_still_leased, [lane]) == set()


def test_a_result_is_settled_only_once(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    [lane] = take(database)
    result = result_of(lane, database)

    assert len(settle_results(database, result)) == 1
    assert settle_results(database, result) == []
    assert lane_of(backlog).head_sequence == 2
    assert attempts_of(backlog) == [(1, 1, 200)]


def test_a_lost_lease_does_not_affect_other_results(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook()
    backlog.record("tag.created", "tag.updated")
    both = take(database)
    backlog.control(lane_control.retarget, URI)

    [settled] = settle_results(database, *(result_of(lane, database) for lane in both))

    assert settled.result.lane.webhook_id == other.webhook_id
    assert (lane_of(backlog).head_sequence, lane_of(other).head_sequence) == (1, 2)
    assert (attempts_of(backlog), attempts_of(other)) == ([], [(1, 1, 200)])


def test_a_new_revision_clears_the_target(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created", "tag.updated")
    [lane] = take(database)
    revision = lane.revision
    backlog.control(lane_control.reload_target)

    [settled] = settle_results(database, result_of(lane, database))

    assert settled.is_kept
    assert (lane.revision, lane.target) == (revision + 1, None)


def test_the_number_of_statements_does_not_depend_on_results(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    [lane] = take(database)
    with capture_statements(database) as for_one:
        settle_results(database, result_of(lane, database))
    for _ in range(9):
        backlog.add_webhook()
    backlog.record("tag.created")
    ten = take(database)
    with capture_statements(database) as for_ten:
        assert len(settle_results(database, *(result_of(lane, database) for lane in ten))) == 10

    expected = 1 if database.dialect == "postgresql" else 2
    assert len(for_one) == len(for_ten) == expected, str(for_ten)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_locked_lane_is_left_to_the_next_settlement(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook()
    backlog.record("tag.created")
    results = {lane.webhook_id: result_of(lane, database) for lane in take(database)}

    def settle_meanwhile(tx: Transaction) -> list[Settlement]:
        tx.one(_LOCK, id=backlog.webhook_id)
        return run_in_thread(settle_results, database, *results.values())

    [settled] = database.run_now(settle_meanwhile)

    assert settled.result.lane.webhook_id == other.webhook_id
    left = results[backlog.webhook_id]
    assert attempts_of(backlog) == []
    assert database.read_now(find_still_leased, [left.lane]) == {left.lane.key}
    assert len(settle_results(database, left)) == 1
    assert lane_of(backlog).head_sequence == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_settlement_does_not_wait_for_an_account_write(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    [lane] = take(database)

    def settle_meanwhile(_: Transaction) -> list[Settlement]:
        return run_in_thread(settle_results, database, result_of(lane, database))

    assert len(backlog.write(settle_meanwhile)) == 1


def test_delivery_tables_have_no_foreign_keys() -> None:
    # A foreign key check locks the referenced row, so a settlement would wait for a write of the account.
    tables = [table for table in vars(delivery).values() if isinstance(table, Table)]
    assert lanes in tables
    assert not [table.name for table in tables if table.foreign_keys]


_LOCK = Statement(
    select(lanes.c.webhook_id).where(lanes.c.webhook_id == bindparam("id")).with_for_update(key_share=True)
)
