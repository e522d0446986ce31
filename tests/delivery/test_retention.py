"""Retention: which events are deleted, which are kept for a lane, and what is reported as lost."""

import asyncio

import pytest
from sqlalchemy import Table, func, select

from hourhook.clock import DAY
from hourhook.delivery import lane_control, one_offs, retention
from hourhook.delivery.retention import delete_old_events, delete_old_one_offs, purge_deleted_webhooks
from hourhook.delivery.worker.maintenance import run_cleanup
from hourhook.store.database import Database
from hourhook.store.schema import attempts, events, payloads, removals, skips
from hourhook.store.schema import one_offs as one_off_rows
from hourhook.store.statements import Statement
from tests.support.backlogs import URI, Backlog, attempts_of, lane_of, make_backlog
from tests.support.clocks import FakeClock

RETENTION_SECONDS = 30 * 86_400


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def run_maintenance(database: Database) -> int:
    return asyncio.run(run_cleanup(database, RETENTION_SECONDS))


def count(database: Database, table: Table) -> int:
    return int(database.read_now(lambda tx: tx.value(Statement(select(func.count()).select_from(table)))))


def counts(database: Database) -> tuple[int, int, int]:
    """Return the number of events, payloads and attempts."""
    return count(database, events), count(database, payloads), count(database, attempts)


def test_old_delivered_events_are_deleted_with_payloads_and_attempts(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    clock.advance(86_400)
    backlog.record("tag.updated")
    for status in (500, 200, 200):
        backlog.attempt(status)
    clock.moment += 29 * DAY
    assert run_maintenance(database) == 0
    assert counts(database) == (2, 2, 3)
    clock.advance(1)

    assert run_maintenance(database) == 1
    assert counts(database) == (1, 1, 1)
    assert attempts_of(backlog) == [(2, 1, 200)]
    assert (lane_of(backlog).lost_count, lane_of(backlog).lost_until) == (0, None)


@pytest.mark.parametrize("seconds", [86_400 * 999_999_999, 86_400 * 10.0**12])
def test_an_infinite_retention_period_deletes_nothing(
    backlog: Backlog, database: Database, clock: FakeClock, seconds: float
) -> None:
    backlog.record("tag.created")
    backlog.attempt(200)
    backlog.write(one_offs.ping, backlog.webhook_id)
    clock.moment += 3650 * DAY

    assert asyncio.run(run_cleanup(database, seconds)) == 0
    assert counts(database) == (1, 1, 1)


def test_old_events_that_a_moving_lane_needs_are_kept(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated", "tag.deleted")
    backlog.attempt()
    backlog.attempt(500)
    clock.moment += 40 * DAY

    assert run_maintenance(database) == 1
    assert counts(database) == (2, 2, 1)
    backlog.attempt()
    backlog.attempt()
    assert attempts_of(backlog) == [(2, 1, 500), (2, 2, 200), (3, 1, 200)]


def test_events_one_moving_lane_needs_are_kept_for_all_lanes(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    slow = backlog.add_webhook()
    backlog.record("tag.created", "tag.updated")
    for _ in range(2):
        backlog.attempt()
    slow.attempt()
    clock.moment += 40 * DAY

    assert run_maintenance(database) == 1
    assert lane_of(slow).lost_count == 0
    slow.attempt()


@pytest.mark.parametrize("state", ["stalled", "disabled"])
def test_a_stalled_or_disabled_lane_loses_old_payloads_and_reports_it(
    backlog: Backlog, database: Database, clock: FakeClock, state: str
) -> None:
    backlog.record("tag.created", "tag.updated")
    lost_until = clock.now()
    backlog.attempt(500, retry_seconds=None)
    clock.moment += 20 * DAY
    backlog.record("tag.deleted")
    if state == "disabled":
        backlog.control(lane_control.disable, "by_user")
    clock.moment += 20 * DAY

    assert run_maintenance(database) == 2

    lane = lane_of(backlog)
    assert (lane.lost_count, lane.lost_until) == (2, lost_until)
    assert (lane.head_sequence, lane.last_sequence) == (3, 3)
    assert (lane.attempts_count, lane.failures_count) == (0, 0)
    assert lane.failing_since is lane.window_started_at is None
    backlog.control(lane_control.enable)
    backlog.attempt()
    assert attempts_of(backlog) == [(3, 1, 200)]


def test_sequences_and_positions_are_not_reused(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created", "tag.updated")
    backlog.control(lane_control.disable, "by_user")
    clock.moment += 40 * DAY
    assert run_maintenance(database) == 2
    assert counts(database) == (0, 0, 0)
    backlog.control(lane_control.enable)
    assert lane_of(backlog).due_at is None

    backlog.record("tag.deleted")
    backlog.attempt()

    assert attempts_of(backlog) == [(3, 1, 200)]
    assert lane_of(backlog).lost_count == 2
    # Again: losses are added up.
    backlog.record("tag.deleted")
    backlog.control(lane_control.disable, "by_user")
    clock.moment += 40 * DAY
    run_maintenance(database)
    assert lane_of(backlog).lost_count == 3


def test_losing_the_head_revokes_the_lease_of_a_retry(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=None)
    clock.moment += 40 * DAY
    backlog.control(lane_control.retry, 1)
    database.run_now(backlog.lease)

    run_maintenance(database)

    assert lane_of(backlog).lease_token is lane_of(backlog).due_at is None
    assert lane_of(backlog).head_sequence == 2
    backlog.control(lane_control.enable)
    backlog.record("tag.updated")
    backlog.attempt()
    assert attempts_of(backlog) == [(2, 1, 200)]


def test_a_lane_that_loses_its_head_during_a_retry_continues(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=None)
    clock.moment += 40 * DAY
    backlog.record("tag.updated")
    backlog.control(lane_control.retry, 1)

    run_maintenance(database)

    backlog.attempt()
    assert attempts_of(backlog) == [(2, 1, 200)]
    assert lane_of(backlog).lost_count == 1


def test_old_events_without_subscribers_are_deleted(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.control(lane_control.disable, "by_user")
    backlog.record("tag.created")
    clock.moment += 31 * DAY

    assert run_maintenance(database) == 1
    assert count(database, events) == 0


def test_events_are_deleted_in_batches_until_none_are_left(
    backlog: Backlog, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    backlog.record(*["tag.created"] * 8)
    backlog.control(lane_control.disable, "by_user")
    clock.moment += 31 * DAY

    assert backlog.write(delete_old_events, clock.now() - 30 * DAY) == 3
    assert (count(database, events), lane_of(backlog).lost_count) == (5, 3)
    assert run_maintenance(database) == 5
    assert (counts(database), lane_of(backlog).lost_count) == ((0, 0, 0), 8)


def test_maintenance_covers_every_account(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    other = make_backlog(database, "southwind")
    for one in (backlog, other):
        one.record("tag.created")
        one.attempt()
    clock.moment += 31 * DAY

    assert run_maintenance(database) == 2


def test_skips_are_deleted_with_their_payloads(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500)
    backlog.control(lane_control.skip, 1, 7)
    clock.moment += 31 * DAY
    run_maintenance(database)

    assert count(database, skips) == 0


def test_pings_are_deleted_once_old_and_settled(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.control(one_offs.ping)
    backlog.send_one_offs()
    clock.moment += 29 * DAY
    backlog.control(one_offs.ping)
    run_maintenance(database)
    assert (count(database, one_off_rows), count(database, attempts)) == (2, 1)

    clock.moment += 31 * DAY
    run_maintenance(database)

    assert (count(database, one_off_rows), count(database, attempts)) == (1, 0)
    assert len(backlog.send_one_offs()) == 1


def test_old_pings_are_deleted_in_batches(
    backlog: Backlog, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        backlog.control(one_offs.ping)
    backlog.send_one_offs()
    clock.advance(1)

    assert database.run_now(delete_old_one_offs, clock.now()) == 2
    assert (count(database, one_off_rows), count(database, attempts)) == (3, 3)


def test_purging_a_deleted_webhook_leaves_others_alone(
    backlog: Backlog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    other = backlog.add_webhook(URI)
    backlog.record(*["tag.created"] * 5)
    for one in (backlog, other):
        one.attempt(500)
        one.control(lane_control.skip, 1, 7)
        one.attempt()
        one.control(one_offs.ping)
    backlog.send_one_offs()
    backlog.control(lane_control.delete_lane)
    assert counts(database) == (5, 10, 6)

    database.run_now(purge_deleted_webhooks)
    assert count(database, payloads) == 8
    run_maintenance(database)

    assert counts(database) == (5, 5, 3)
    assert (count(database, skips), count(database, removals), count(database, one_off_rows)) == (1, 0, 1)
    assert attempts_of(other) == [(1, 1, 500), (2, 1, 200)]


def test_cleanup_tasks_run_until_they_delete_nothing(database: Database) -> None:
    left = {"first": 3, "second": 1}

    def do(name: str) -> int:
        left[name] -= 1
        return left[name] + 1

    asyncio.run(run_cleanup(database, RETENTION_SECONDS, [lambda tx: do("first"), lambda tx: do("second")]))

    assert left == {"first": -1, "second": -1}
