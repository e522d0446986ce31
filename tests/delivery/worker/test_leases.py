"""Leases: who is at work on which lane."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import bindparam, null, select, update

from hourhook.clock import SECOND
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


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def take(database: Database, worker: int = MINE, **changes: Any) -> list[LeasedLane]:
    return database.run_now(take_in, worker, **changes)


def take_in(tx: Transaction, /, worker: int = MINE, **changes: Any) -> list[LeasedLane]:
    now = tx.started_at
    given = {"token": worker, "now": now, "expires_at": now + 60 * SECOND, "succeeding": True, "limit": 10}
    return leases.lease(tx, worker=worker, **{**given, "saturated": [], **changes})


def webhook_ids(found: list[LeasedLane]) -> list[int]:
    return [lane.webhook_id for lane in found]


def holder(backlog: Backlog) -> tuple[int | None, int | None, int | None]:
    lane = lane_of(backlog)
    return lane.lease_token, lane.lease_worker, lane.lease_expires_at


def test_a_lane_is_taken_once_something_waits_in_it(backlog: Backlog, database: Database) -> None:
    assert take(database) == []
    backlog.record("tag.created", "tag.updated")

    [lane] = take(database)

    assert (lane.key, lane.head_sequence, lane.last_sequence) == ((backlog.account_id, backlog.webhook_id), 1, 2)
    assert holder(backlog) == (MINE, MINE, database.clock.now() + 60 * SECOND)


def test_a_lane_that_is_taken_is_not_taken_again(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    assert take(database)

    assert take(database, THEIRS) == []
    assert not database.read_now(leases.is_any_due, database.clock.now())


def test_a_lane_is_not_taken_before_it_is_due(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    backlog.attempt(500, retry_seconds=5)

    assert not database.read_now(leases.is_any_due, clock.now())
    assert take(database, succeeding=False) == []
    clock.advance(5)
    assert database.read_now(leases.is_any_due, clock.now())
    assert take(database, succeeding=False) != []


def test_a_disabled_lane_is_not_taken(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    backlog.control(lane_control.disable, "by_user")

    assert not database.read_now(leases.is_any_due, database.clock.now())
    assert take(database) == []


def test_the_longest_due_are_taken_first_and_no_more_than_there_is_room_for(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    others = [backlog.add_webhook(OTHER_URI, ["tag.updated"]), backlog.add_webhook(OTHER_URI, ["tag.deleted"])]
    for type in ("tag.deleted", "tag.updated", "user.created"):
        backlog.record(type)
        clock.advance(1)

    # The first webhook hears everything, so it has been due as long as the last.
    assert {*webhook_ids(take(database, limit=2))} == {backlog.webhook_id, others[1].webhook_id}
    assert webhook_ids(take(database, limit=2)) == [others[0].webhook_id]


def test_lanes_that_fail_and_lanes_that_succeed_are_asked_for_apart(backlog: Backlog, database: Database) -> None:
    failing = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    failing.attempt(500)

    assert webhook_ids(take(database, succeeding=True)) == [backlog.webhook_id]
    assert webhook_ids(take(database, succeeding=False)) == [failing.webhook_id]


def test_lanes_of_a_destination_that_has_seats_enough_are_left_alone(backlog: Backlog, database: Database) -> None:
    other = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")

    assert webhook_ids(take(database, saturated=[lane_control.destination_of(URI)])) == [other.webhook_id]


def test_workers_that_look_at_the_same_time_never_take_the_same_lane(backlog: Backlog, database: Database) -> None:
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
def test_a_lane_that_somebody_is_just_taking_is_passed_over_without_waiting(
    backlog: Backlog, database: Database
) -> None:
    other = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")

    def take_meanwhile(tx: Transaction) -> tuple[list[LeasedLane], list[LeasedLane]]:
        first = take_in(tx, MINE, limit=1)
        return first, run_in_thread(take, database, THEIRS)

    first, second = database.run_now(take_meanwhile)

    assert {*webhook_ids(first), *webhook_ids(second)} == {backlog.webhook_id, other.webhook_id}
    assert len(first) == len(second) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_errand_that_somebody_is_just_taking_is_passed_over_without_waiting(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    ids = [backlog.write(one_offs.ping, backlog.webhook_id) for _ in range(2)]

    def take_errand(tx: Transaction, worker: int) -> list[str]:
        lease = {"worker": worker, "token": worker, "now": clock.now(), "expires_at": clock.now() + 60 * SECOND}
        return [one_off.payload_id for one_off in one_off_deliveries.lease_one_offs(tx, **lease, limit=1)]

    def take_meanwhile(tx: Transaction) -> list[str]:
        return [*take_errand(tx, MINE), *run_in_thread(database.run_now, take_errand, THEIRS)]

    assert database.run_now(take_meanwhile) == ids


def test_whether_something_is_free_is_asked_once_more_as_it_is_taken(database: Database) -> None:
    # It guards against a lane that somebody takes between the look and the lock, which no test can bring about.
    now = database.clock.now()
    lease = {"worker": MINE, "token": MINE, "now": now, "expires_at": now + 60 * SECOND, "limit": 5}
    with capture_statements(database) as statements:
        take(database)
        database.run_now(one_off_deliveries.lease_one_offs, **lease)

    assert len(statements) == 2
    for statement in statements:
        look, taking = statement.split("\n UPDATE ")
        assert "lease_token IS NULL" in look
        assert "lease_token IS NULL" in taking


def test_a_worker_puts_off_the_end_of_its_own_leases(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    other = backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    take(database, MINE, limit=1)
    take(database, THEIRS)
    before = {one.webhook_id: holder(one) for one in (backlog, other)}
    [mine] = [id for id, held in before.items() if held[1] == MINE]

    database.run_now(leases.renew, MINE, clock.now() + 90 * SECOND)

    after = {one.webhook_id: holder(one) for one in (backlog, other)}
    assert after == {**before, mine: (MINE, MINE, clock.now() + 90 * SECOND)}


def test_what_a_worker_gives_back_is_free_and_the_rest_is_not(backlog: Backlog, database: Database) -> None:
    backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    [mine] = take(database, MINE, limit=1)
    take(database, THEIRS)

    assert database.run_now(leases.release, MINE) == 1
    assert database.read_now(leases.lease_holders) == {THEIRS}
    assert webhook_ids(take(database, 33)) == [mine.webhook_id]


def test_a_lease_that_has_run_out_is_free_for_others_but_stays_with_whoever_works_on(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    take(database, MINE)
    clock.advance(60)
    assert database.run_now(leases.release_expired, THEIRS, clock.now()) == 0
    clock.advance(0.001)

    assert database.run_now(leases.release_expired, MINE, clock.now()) == 0
    assert database.run_now(leases.release_expired, THEIRS, clock.now()) == 1
    assert holder(backlog) == (None, None, None)


def test_errands_are_leased_and_freed_as_lanes_are(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    def take_errands(worker: int) -> int:
        now = clock.now()
        lease = {"worker": worker, "token": worker, "now": now, "expires_at": now + 60 * SECOND, "limit": 5}
        return len(database.run_now(one_off_deliveries.lease_one_offs, **lease))

    backlog.write(one_offs.ping, backlog.webhook_id)
    assert (take_errands(MINE), take_errands(THEIRS)) == (1, 0)
    assert database.read_now(leases.lease_holders) == {MINE}

    database.run_now(leases.renew, MINE, clock.now() + 90 * SECOND)
    clock.advance(61)
    assert database.run_now(leases.release_expired, THEIRS, clock.now()) == 0
    clock.advance(30)
    assert database.run_now(leases.release_expired, THEIRS, clock.now()) == 1
    assert take_errands(MINE) == 1
    assert database.run_now(leases.release, MINE) == 1
    assert take_errands(MINE) == 1
    assert database.run_now(leases.release_all) == 1
    assert database.read_now(leases.lease_holders) == set()


def test_at_its_start_the_only_worker_frees_everything(backlog: Backlog, database: Database) -> None:
    backlog.add_webhook(OTHER_URI)
    backlog.record("tag.created")
    take(database, MINE, limit=1)
    take(database, THEIRS)

    assert database.run_now(leases.release_all) == 2
    assert len(take(database, 33)) == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_locked_is_freed_the_next_time_instead_of_waited_for(backlog: Backlog, database: Database) -> None:
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


def test_no_question_about_leases_reads_all_lanes_or_errands(backlog: Backlog, database: Database) -> None:
    now = database.clock.now()
    with capture_statements(database) as statements:
        take(database)
        database.run_now(
            one_off_deliveries.lease_one_offs, worker=MINE, token=MINE, now=now, expires_at=now + 60 * SECOND, limit=5
        )
        database.run_now(leases.renew, MINE, now)
        database.run_now(leases.release, MINE)
        database.run_now(leases.release_expired, MINE, now)
        database.run_now(leases.release_all)
        database.read_now(leases.lease_holders)
        database.read_now(leases.is_any_due, now)

    plans = plans_of(database, statements)

    assert len(plans) >= 12
    whole = ("SCAN lanes", "SCAN errands", "Seq Scan on lanes", "Seq Scan on errands")
    for statement, plan in plans.items():
        lines = [line for line in plan.splitlines() if any(line.strip(" ->").startswith(one) for one in whole)]
        assert all("USING" in line and "INDEX ix_" in line for line in lines), f"{statement}\n{plan}"


def test_a_lane_that_was_steered_is_free_for_a_new_lease(backlog: Backlog, database: Database) -> None:
    backlog.record("tag.created")
    take(database, MINE)
    backlog.control(lane_control.retarget, OTHER_URI)

    [lane] = take(database, THEIRS)

    assert (lane.token, lane.destination) == (THEIRS, lane_control.destination_of(OTHER_URI))


def test_a_lease_that_was_taken_away_is_not_renewed(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    take(database, MINE)
    database.run_now(lambda tx: tx.execute(Statement(update(lanes).values(lease_token=null()))))

    database.run_now(leases.renew, MINE, clock.now() + 90 * SECOND)

    assert lane_of(backlog).lease_token is None
