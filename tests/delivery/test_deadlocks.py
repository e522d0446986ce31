"""Concurrent writes, settlements, lane control and maintenance: no deadlocks."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text, update

from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.retention import delete_old_events, delete_old_one_offs, purge_deleted_webhooks
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import one_off_deliveries
from hourhook.delivery.worker.cycles import Capacity, Cycle, CycleResult, run_cycle
from hourhook.delivery.worker.lanes import LeasedLane
from hourhook.delivery.worker.liveness import reap_dead_workers
from hourhook.delivery.worker.one_off_deliveries import OneOff, OneOffResult
from hourhook.delivery.worker.readahead import EventCache
from hourhook.delivery.worker.settlements import AttemptResult
from hourhook.store.database import Database
from hourhook.store.schema import one_offs as one_off_rows
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import URI, Backlog, make_backlog

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

ROUNDS = 30


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "in reverse order"])
def test_deleting_a_webhook_while_one_offs_settle_does_not_deadlock(database: Database, order: int) -> None:
    backlog = make_backlog(database)
    for _ in range(3):
        backlog.control(one_offs.ping)
    leased = lease(database)
    results = [OneOffResult(one_off, "Webhook", URI, outcome(database)) for one_off in leased][::order]

    def settle_and_delete_meanwhile(tx: Transaction) -> tuple[Future[Any], Future[Any]]:
        # Both block at the second of three rows, holding what they have locked by then.
        tx.one(_LOCK_ONE_OFF, id=leased[1].id)
        settling = threads.submit(database.run_now, one_off_deliveries.settle_one_offs, results)
        while waiting(database) < 1 and not settling.done():
            pass
        deleting = threads.submit(backlog.control, lane_control.delete_lane)
        while waiting(database) < 2 and not (settling.done() or deleting.done()):
            pass
        return settling, deleting

    with ThreadPoolExecutor(2) as threads:
        for future in database.run_now(settle_and_delete_meanwhile):
            future.result(timeout=20)

    assert database.read_now(lambda tx: tx.all(Statement(select(one_off_rows.c.id)))) == []


def test_concurrent_writes_workers_and_maintenance_do_not_deadlock(
    database: Database,
) -> None:
    accounts = make_backlog(database, "northwind"), make_backlog(database, "southwind")
    with ThreadPoolExecutor(7) as threads:
        done = [threads.submit(run_maintenance, database, accounts)]
        for worker, backlog in enumerate(accounts, 1):
            lanes = [backlog.add_webhook() for _ in range(6)]
            done += [
                threads.submit(record, backlog),
                threads.submit(control, lanes, random.Random(worker)),
                threads.submit(work, database, worker, random.Random(worker)),
            ]
        for future in done:
            future.result(timeout=60)


def record(backlog: Backlog) -> None:
    for _ in range(ROUNDS):
        backlog.record("tag.created", "tag.updated")


def control(lanes: list[Backlog], rng: random.Random) -> None:
    moves: list[Callable[[Backlog], object]] = [
        lambda lane: lane.control(lane_control.disable, "by_user"),
        lambda lane: lane.control(lane_control.enable),
        lambda lane: lane.control(lane_control.replay, 1),
        lambda lane: lane.control(lane_control.skip, 1, 1),
        lambda lane: lane.set_uri(URI),
        lambda lane: [lane.control(one_offs.ping) for _ in range(3)],
    ]
    for _ in range(ROUNDS):
        rng.choice(moves)(rng.choice(lanes))
    for lane in lanes:
        lane.control(one_offs.ping)
        lane.control(lane_control.delete_lane)


def work(database: Database, worker: int, rng: random.Random) -> None:
    cache = EventCache()
    cycle_result = CycleResult()
    for round in range(1, ROUNDS * 2):
        results = [result(lane, database, rng) for lane in cycle_result.leased if lane.prefetched]
        done = [OneOffResult(one_off, "Webhook", URI, outcome(database)) for one_off in cycle_result.one_offs]
        rng.shuffle(results)
        rng.shuffle(done)
        capacity = Capacity(ordinary=8, failing=8)
        cycle = Cycle(worker, round * 10 + worker, 1_000_000, results, done, capacity, capacity)
        cycle_result = database.run_now(run_cycle, cycle, cache)
        for lane in cycle_result.leased:
            lane.prefetched += cycle_result.payloads.get(lane.key, ())


def run_maintenance(database: Database, accounts: Sequence[Backlog]) -> None:
    for _ in range(ROUNDS):
        horizon = database.clock.now() + 1
        for backlog in accounts:
            backlog.write(delete_old_events, horizon)
        database.run_now(delete_old_one_offs, horizon)
        database.run_now(purge_deleted_webhooks)
        # All workers count as dead here, because none holds its liveness lock.
        database.run_now(reap_dead_workers, 99)


def result(lane: LeasedLane, database: Database, rng: random.Random) -> AttemptResult:
    payload = lane.prefetched[0]
    status, delay = rng.choice(((200, None), (500, 0)))
    return AttemptResult(
        lane, [payload], [lane.number_of(payload)], "Webhook", URI, outcome(database, status), delay, keep=False
    )


def outcome(database: Database, status: int = 200) -> Outcome:
    return Outcome(status, None if status < 300 else "status", database.clock.now(), 1)


def lease(database: Database) -> list[OneOff]:
    """Lease all one-off deliveries, of which a worker leases only one of each webhook at a time."""
    database.run_now(lambda tx: tx.execute(Statement(update(one_off_rows).values(lease_token=1, lease_worker=1))))
    rows = database.read_now(lambda tx: tx.all(Statement(select(one_off_rows).order_by(one_off_rows.c.id))))
    return [
        OneOff(row.account_id, row.id, row.webhook_id, 1, row.payload_id, None, row.created_at, 1, "", True)
        for row in rows
    ]


def waiting(database: Database) -> int:
    """Return how many transactions wait for a lock."""
    return int(database.read_now(lambda tx: tx.value(_WAITING)))


_LOCK_ONE_OFF = Statement(select(one_off_rows.c.id).where(one_off_rows.c.id == bindparam("id")).with_for_update())
_WAITING = Statement(
    text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
)
