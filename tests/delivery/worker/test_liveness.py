"""Worker liveness: the lanes of a dead worker are released immediately."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from hourhook.delivery import lane_control, one_offs
from hourhook.delivery.worker import leases, liveness, one_off_deliveries
from hourhook.delivery.worker.liveness import reap, reap_dead_workers
from hourhook.delivery.worker.liveness_lock import holding_liveness_lock
from hourhook.delivery.worker.notifier import CHANNEL, Notifier
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.statements import Statement
from tests.support.backlogs import Backlog, lane_of, make_backlog
from tests.support.clocks import FakeClock
from tests.support.scripted_transport import FakeTransport, eventually, running_worker
from tests.support.statements import capture_statements

pytestmark = pytest.mark.anyio

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
MINE, THEIRS = 11, 22


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def take(backlog: Backlog, worker: int) -> None:
    """Lease the lane for a worker, for one minute."""
    now = backlog.database.clock.now()
    common: Any = {"worker": worker, "token": worker, "now": now, "expires_at": now + 60_000_000, "saturated": []}
    backlog.database.run_now(leases.lease, succeeding=True, limit=9, **common)
    backlog.database.run_now(one_off_deliveries.lease_one_offs, ordinary=9, failing=9, **common)


@contextmanager
def living(database: Database, worker: int) -> Iterator[None]:
    """Hold the liveness lock of a worker."""
    assert isinstance(database, PostgresDatabase)
    connection = database.connect()
    connection.execute("SELECT pg_advisory_lock(%s)", (worker,))
    yield
    connection.close()


@on_postgresql
def test_leases_of_a_dead_worker_are_released_immediately(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    backlog.control(one_offs.ping)
    take(backlog, THEIRS)

    assert database.run_now(reap_dead_workers, MINE) == 2
    assert database.read_now(leases.lease_holders) == set()


@on_postgresql
def test_probing_a_worker_does_not_keep_its_lock(
    backlog: Backlog, database: Database, other_database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    take(backlog, THEIRS)
    assert database.run_now(reap_dead_workers, MINE) == 1
    take(backlog, THEIRS)

    assert other_database.run_now(reap_dead_workers, MINE) == 1


@on_postgresql
def test_leases_of_a_live_worker_are_kept_until_they_expire(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    backlog.record("tag.created")
    take(backlog, THEIRS)

    with living(database, THEIRS):
        assert database.run_now(reap_dead_workers, MINE) == 0
        clock.advance(61)
        assert database.run_now(reap_dead_workers, MINE) == 1
    assert lane_of(backlog).lease_token is None


@on_postgresql
def test_a_worker_does_not_reap_itself(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    backlog.record("tag.created")
    take(backlog, MINE)
    clock.advance(61)

    assert database.run_now(reap_dead_workers, MINE) == 0


@on_postgresql
async def test_a_worker_takes_over_from_a_dead_worker(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    backlog.record("tag.created")
    take(backlog, THEIRS)

    async with running_worker(database, network, network):
        assert (await network.next()).sequence == 1


@on_postgresql
async def test_a_worker_leaves_the_lanes_of_a_live_worker_alone(
    backlog: Backlog, database: Database, other_database: Database, network: FakeTransport
) -> None:
    other_network = replace(network, sent=[], observed=[], _arrived=asyncio.Queue())
    async with running_worker(database, network, network) as first:
        backlog.record("tag.created", "tag.updated")
        sending = await network.next()
        async with running_worker(other_database, other_network, other_network) as second:
            # If it leased the other worker's lane, it would send that payload before this one.
            other_database.write_now(backlog.account_id, one_offs.ping, backlog.webhook_id)
            ping = await asyncio.wait_for(first_of(network, other_network), 20)
            assert ping.payload["type"] == "webhook.ping"
            await reap(other_database, second.worker)
            assert lane_of(backlog).lease_worker == first.worker.id
            assert other_network.is_quiet()
            sending.respond()
            assert (await network.next()).sequence == 2


async def first_of(*networks: FakeTransport) -> Any:
    nexts = [asyncio.ensure_future(network.next()) for network in networks]
    done, others = await asyncio.wait(nexts, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    return done.pop().result()


async def test_the_only_worker_releases_all_leases_at_its_start(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    backlog.record("tag.created")
    backlog.control(one_offs.ping)
    take(backlog, THEIRS)

    async with running_worker(database, network, network):
        sent = await network.take(2)

    assert {sending.sequence for sending in sent} == {1, None}


@on_postgresql
async def test_a_worker_that_loses_its_liveness_lock_restarts_with_a_new_id(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.record("tag.created", "tag.updated")
        lost = await network.next()
        first_life = at_work.worker.id
        database.run_now(lambda tx: tx.execute(_END_LIFE))
        await eventually(database, lambda _: at_work.worker.id != first_life, True)
        clock.advance(1)
        again = await network.next()

        assert (again.sequence, again.payload_id) == (1, lost.payload_id)
        # Results of sends in flight at that time change nothing any more.
        assert lane_of(backlog).head_sequence == 1
        again.respond()
        assert (await network.next()).sequence == 2


@on_postgresql
async def test_a_worker_with_an_unknown_commit_restarts_with_a_new_id(
    backlog: Backlog, database: Database, network: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Leases that it does not know of are released as those of a dead worker.
    monkeypatch.setattr(liveness, "PAUSE_SECONDS", 0.01)
    with breaking_commits(database):
        async with running_worker(database, network, network) as at_work:
            await eventually(database, lambda _: at_work.worker.id != 0, True)
            first_life = at_work.worker.id
            backlog.record("tag.created")
            await eventually(database, lambda _: at_work.worker.id != first_life, True)
            assert network.is_quiet()
            database.run_now(lambda tx: tx.execute(_MEND_COMMITS))

            assert (await network.next()).sequence == 1


@contextmanager
def breaking_commits(database: Database) -> Iterator[None]:
    """Break the connection whenever a lease is committed."""
    database.run_now(lambda tx: [tx.execute(statement) for statement in _BREAK_COMMITS])
    yield
    database.run_now(lambda tx: tx.execute(_MEND_COMMITS))


@on_postgresql
async def test_the_liveness_lock_is_held_while_a_worker_runs(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    async with running_worker(database, network, network) as at_work:
        backlog.record("tag.created")
        await network.next()
        assert await database.run(reap_dead_workers, MINE) == 0
        await at_work.crash()
        # The server takes a moment to notice the closed connection.
        await eventually(database, lambda tx: tx.value(_LIVES), 0)

    assert database.run_now(reap_dead_workers, MINE) == 1
    assert lane_of(backlog).lease_worker is None


@on_postgresql
async def test_a_disappeared_machine_is_detected_within_seconds(database: Database) -> None:
    assert isinstance(database, PostgresDatabase)
    async with holding_liveness_lock(database, MINE) as connection:
        kept = connection.info.get_parameters()

    # Long before a lease expires.
    assert int(kept["keepalives_idle"]) + int(kept["keepalives_interval"]) * int(kept["keepalives_count"]) <= 15


@on_postgresql
async def test_a_wake_up_of_another_process_reaches_a_worker(
    backlog: Backlog, database: Database, other_database: Database, network: FakeTransport
) -> None:
    async with running_worker(database, network, network):
        backlog.control(one_offs.ping)
        (await network.next()).respond()
        # The other process sends a wake-up; the clock is stopped, so no poll finds the lane.
        other_database.write_now(backlog.account_id, lane_control.disable, backlog.webhook_id, "by_user")
        other_database.write_now(backlog.account_id, one_offs.ping, backlog.webhook_id)
        other_database.run_now(lambda tx: tx.execute(Statement(text("NOTIFY hourhook_due"))))

        assert (await network.next()).payload["type"] == "webhook.ping"


@on_postgresql
async def test_a_worker_is_not_woken_again_by_the_notifications_of_its_own_process(
    backlog: Backlog, database: Database, other_database: Database, network: FakeTransport
) -> None:
    assert isinstance(database, PostgresDatabase)
    notifier = Notifier(database)
    notifying = asyncio.create_task(notifier.run())
    async with (
        running_worker(database, network, network),
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as listener,
    ):
        await listener.execute(f"LISTEN {CHANNEL}")
        backlog.control(one_offs.ping)
        (await network.next()).respond()
        with capture_statements(database) as statements:
            for _ in range(10):
                notifier.wake()
                async for _ in listener.notifies(stop_after=1):
                    pass
            other_database.write_now(backlog.account_id, one_offs.ping, backlog.webhook_id)
            other_database.run_now(lambda tx: tx.execute(Statement(text(f"NOTIFY {CHANNEL}"))))
            await network.next()
    notifying.cancel()

    assert len([statement for statement in statements if "UPDATE lanes" in statement]) <= 4


_LIVES = Statement(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
_END_LIFE = Statement(
    text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'hourhook worker%'"
    )
)
_BREAK_COMMITS = (
    Statement(
        text(
            "CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
        )
    ),
    Statement(
        text(
            "CREATE CONSTRAINT TRIGGER break_off AFTER UPDATE ON lanes DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW WHEN (NEW.lease_worker IS NOT NULL) EXECUTE FUNCTION break_off()"
        )
    ),
)
_MEND_COMMITS = Statement(text("DROP FUNCTION IF EXISTS break_off CASCADE"))
