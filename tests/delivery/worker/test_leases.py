"""Leases of lanes and one-off deliveries."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import bindparam, null, select, update

from hourhook.clock import DAY, SECOND
from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.worker import leases, one_off_deliveries
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.store.database import Database
from hourhook.store.schema import lanes
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import URI, Backlog, lane_of, make_backlog
from tests.support.clocks import FakeClock
from tests.support.query_plans import plans_of
from tests.support.statements import capture_statements
from tests.support.threads import run_in_thread

OTHER_URI = "http://127.0.0.1:10/hook"
MINE, THEIRS = 11, 22
ROOM: Any = {"ordinary": 5, "failing": 5, "saturated": []}


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def take(database: Database, worker: int = MINE, **changes: Any) -> list[LeasedLane]:
    return database.run_now(take_in, worker, **changes)


def take_in(tx: Transaction, /, worker: int = MINE, **changes: Any) -> list[LeasedLane]:
    now = tx.started_at
    given = {"token": worker, "now": now, "expires_at": now + 60 * SECOND, "succeeding": True, "limit": 10}
    return leases.lease(tx, worker=worker, **{**given, "saturated": [], **changes})


def is_any_due(database: Database) -> bool:
    return database.read_now(leases.check_due, 60 * SECOND).is_any_due


def webhook_ids(found: list[LeasedLane]) -> list[int]:
    return [lane.webhook_id for lane in found]


def holder(backlog: Backlog) -> tuple[int | None, int | None, int | None]:
    lane = lane_of(backlog)
    return lane.lease_token, lane.lease_worker, lane.lease_expires_at


def test_a_lane_with_a_payload_can_be_leased(backlog: Backlog, database: Database) -> None:
    assert take(database) == []
    backlog.record("tag.created", "tag.updated")

    [lane] = take(database)

    assert (lane.key, lane.head_sequence, lane.last_sequence) == ((backlog.account_id, backlog.webhook_id), 1, 2)
    assert holder(backlog) == (MINE, MINE, database.clock.now() + 60 * SECOND)


def test_a_leased_lane_is_not_leased_again(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    assert take(database)

    assert take(database, THEIRS) == []
    assert not is_any_due(database)


def test_a_lane_is_not_leased_before_it_is_due(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=5)

    assert not is_any_due(database)
    assert take(database, succeeding=False) == []
    clock.advance(5)
    assert is_any_due(database)
    assert take(database, succeeding=False) != []


def test_a_wake_up_makes_a_healthy_lane_due_that_a_clock_ahead_delayed(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    clock.advance(DAY / SECOND)
    backlog.record("tag.created")
    clock.advance(-DAY / SECOND)
    assert take(database) == []

    backlog.record("tag.updated")

    assert lane_of(backlog).due_at == clock.now()
    assert take(database) != []


def test_a_wake_up_does_not_shorten_the_delay_of_a_failing_head(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=5)

    backlog.record("tag.updated")

    assert lane_of(backlog).due_at == clock.now() + 5 * SECOND


def test_deliveries_due_later_than_any_delay_are_brought_forward(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    failing, waiting = backlog.add_webhook(OTHER_URI), backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    backlog.control(one_offs.ping)
    failing.attempt(500, retry_seconds=90)
    waiting.attempt(500, retry_seconds=60)
    window = lane_of(failing).due_at - lane_of(failing).window_started_at
    assert not database.read_now(leases.check_due, 90 * SECOND).is_any_late
    clock.advance(-10)
    assert lane_of(backlog).due_at == clock.now() + leases.CLOCK_TOLERANCE
    clock.advance(-1)

    assert database.read_now(leases.check_due, 90 * SECOND).is_any_late
    assert database.run_now(leases.bring_forward, 90 * SECOND) == 3

    assert not database.read_now(leases.check_due, 90 * SECOND).is_any_late
    assert [lane_of(one).due_at - clock.now() for one in (backlog, failing, waiting)] == [0, 0, 71 * SECOND]
    assert lane_of(failing).due_at - lane_of(failing).window_started_at == window


def test_a_disabled_lane_is_not_leased(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    backlog.control(lane_control.disable, "by_user")

    assert not is_any_due(database)
    assert take(database) == []


def test_at_most_limit_lanes_are_leased_longest_due_first(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    others = [backlog.add_webhook(OTHER_URI, ["tag.updated"]), backlog.add_webhook(OTHER_URI, ["tag.deleted"])]
    for type in ("tag.deleted", "tag.updated", "user.created"):
        backlog.record(type)
        clock.advance(1)

    # The first webhook subscribes to all events, so it has been due as long as the last.
    assert {*webhook_ids(take(database, limit=2))} == {backlog.webhook_id, others[1].webhook_id}
    assert webhook_ids(take(database, limit=2)) == [others[0].webhook_id]


def test_failing_and_succeeding_lanes_are_leased_separately(backlog: Backlog, database: Database) -> None:
    failing = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    failing.attempt(500)

    assert webhook_ids(take(database, succeeding=True)) == [backlog.webhook_id]
    assert webhook_ids(take(database, succeeding=False)) == [failing.webhook_id]


def test_lanes_of_a_saturated_destination_are_skipped(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")

    assert webhook_ids(take(database, saturated=[lane_control.destination_of(URI)])) == [other.webhook_id]


def test_concurrent_workers_never_lease_the_same_lane(backlog: Backlog, database: Database) -> None:
    for _ in range(59):
        backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    together = threading.Barrier(4)

    def take_all(worker: int) -> list[LeasedLane]:
        together.wait()
        found: list[LeasedLane] = []
        while more := take(database, worker, limit=3):
            found += more
        return found

    with ThreadPoolExecutor(4) as threads:
        taken = [lane.key for found in threads.map(take_all, range(1, 5)) for lane in found]

    assert len(taken) == len({*taken})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lane_locked_by_another_lease_is_skipped_without_waiting(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")

    def take_meanwhile(tx: Transaction) -> tuple[list[LeasedLane], list[LeasedLane]]:
        first = take_in(tx, MINE, limit=1)
        return first, run_in_thread(take, database, THEIRS)

    first, second = database.run_now(take_meanwhile)

    assert {*webhook_ids(first), *webhook_ids(second)} == {backlog.webhook_id, other.webhook_id}
    assert len(first) == len(second) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_one_off_locked_by_another_lease_is_skipped(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    ids = [one.control(one_offs.ping) for one in (backlog, backlog.add_webhook(OTHER_URI))]

    def take_one_off(tx: Transaction, worker: int) -> list[str]:
        lease: Any = {"worker": worker, "token": worker, "now": clock.now(), "expires_at": clock.now() + 60 * SECOND}
        room: Any = {**ROOM, "ordinary": 1}
        return [one_off.payload_id for one_off in one_off_deliveries.lease_one_offs(tx, **lease, **room)]

    def take_meanwhile(tx: Transaction) -> list[str]:
        return [*take_one_off(tx, MINE), *run_in_thread(database.run_now, take_one_off, THEIRS)]

    assert database.run_now(take_meanwhile) == ids


def test_a_lease_checks_again_that_the_lane_is_free(database: Database) -> None:
    # It guards against a lane leased by another worker between our snapshot and our lock, which no test can provoke.
    now = database.clock.now()
    lease: Any = {"worker": MINE, "token": MINE, "now": now, "expires_at": now + 60 * SECOND}
    with capture_statements(database) as statements:
        take(database)
        database.run_now(one_off_deliveries.lease_one_offs, **lease, **ROOM)

    assert len(statements) == 2
    for statement in statements:
        look, taking = re.split(r"\n *UPDATE ", statement)
        assert "lease_token IS NULL" in look
        assert "lease_token IS NULL" in taking


def test_a_worker_renews_its_own_leases_only(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    other = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    take(database, MINE, limit=1)
    take(database, THEIRS)
    before = {one.webhook_id: holder(one) for one in (backlog, other)}
    [mine] = [id for id, held in before.items() if held[1] == MINE]

    database.run_now(leases.renew, MINE, 90 * SECOND)

    after = {one.webhook_id: holder(one) for one in (backlog, other)}
    assert after == {**before, mine: (MINE, MINE, clock.now() + 90 * SECOND)}


def test_releasing_frees_the_leases_of_one_worker_only(backlog: Backlog, database: Database) -> None:
    backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    [mine] = take(database, MINE, limit=1)
    take(database, THEIRS)

    assert database.run_now(leases.release, MINE) == 1
    assert database.read_now(leases.lease_holders) == {THEIRS}
    assert webhook_ids(take(database, 33)) == [mine.webhook_id]


def test_an_expired_lease_can_be_taken_but_stays_valid_until_then(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    take(database, MINE)
    clock.advance(60)
    assert database.run_now(leases.release_expired, THEIRS) == 0
    clock.advance(0.001)

    assert database.run_now(leases.release_expired, MINE) == 0
    assert database.run_now(leases.release_expired, THEIRS) == 1
    assert holder(backlog) == (None, None, None)


def test_one_offs_are_leased_and_released_like_lanes(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    def take_one_offs(worker: int) -> int:
        now = clock.now()
        lease: Any = {"worker": worker, "token": worker, "now": now, "expires_at": now + 60 * SECOND}
        return len(database.run_now(one_off_deliveries.lease_one_offs, **lease, **ROOM))

    backlog.write(one_offs.ping, backlog.webhook_id)
    assert (take_one_offs(MINE), take_one_offs(THEIRS)) == (1, 0)
    assert database.read_now(leases.lease_holders) == {MINE}

    database.run_now(leases.renew, MINE, 90 * SECOND)
    clock.advance(61)
    assert database.run_now(leases.release_expired, THEIRS) == 0
    clock.advance(30)
    assert database.run_now(leases.release_expired, THEIRS) == 1
    assert take_one_offs(MINE) == 1
    assert database.run_now(leases.release, MINE) == 1
    assert take_one_offs(MINE) == 1
    assert database.run_now(leases.release_all) == 1
    assert database.read_now(leases.lease_holders) == set()


def test_release_all_releases_every_lease(backlog: Backlog, database: Database) -> None:
    backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    take(database, MINE, limit=1)
    take(database, THEIRS)

    assert database.run_now(leases.release_all) == 2
    assert len(take(database, 33)) == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_locked_rows_are_released_the_next_time(backlog: Backlog, database: Database) -> None:
    backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    take(database, MINE)
    locked = Statement(
        select(lanes.c.webhook_id).where(lanes.c.webhook_id == bindparam("id")).with_for_update(key_share=True)
    )

    def release_meanwhile(tx: Transaction) -> int:
        tx.one(locked, id=backlog.webhook_id)
        freed: int = run_in_thread(database.run_now, leases.release, MINE)
        return freed

    assert database.run_now(release_meanwhile) == 1
    assert database.run_now(leases.release, MINE) == 1
    assert database.run_now(leases.release, MINE) == 0


def test_no_lease_query_scans_all_lanes_or_one_offs(backlog: Backlog, database: Database) -> None:
    now = database.clock.now()
    with capture_statements(database) as statements:
        take(database)
        database.run_now(
            one_off_deliveries.lease_one_offs,
            worker=MINE,
            token=MINE,
            now=now,
            expires_at=now + 60 * SECOND,
            **ROOM,
        )
        database.run_now(leases.renew, MINE, SECOND)
        database.run_now(leases.release, MINE)
        database.run_now(leases.release_expired, MINE)
        database.run_now(leases.release_all)
        database.read_now(leases.lease_holders)
        database.read_now(leases.check_due, SECOND)
        database.run_now(leases.bring_forward, SECOND)

    plans = plans_of(database, statements)

    assert len(plans) >= 12
    whole = ("SCAN lanes", "SCAN errands", "Seq Scan on lanes", "Seq Scan on errands")
    for statement, plan in plans.items():
        lines = [line for line in plan.splitlines() if any(line.strip(" ->").startswith(one) for one in whole)]
        assert all("USING" in line and "INDEX ix_" in line for line in lines), f"{statement}\n{plan}"


def test_a_moved_lane_can_be_leased_again(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    take(database, MINE)
    backlog.control(lane_control.retarget, OTHER_URI)

    [lane] = take(database, THEIRS)

    assert (lane.token, lane.destination) == (THEIRS, lane_control.destination_of(OTHER_URI))


def test_a_revoked_lease_is_not_renewed(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    take(database, MINE)
    database.run_now(lambda tx: tx.execute(Statement(update(lanes).values(lease_token=null()))))

    database.run_now(leases.renew, MINE, 90 * SECOND)

    assert lane_of(backlog).lease_token is None
