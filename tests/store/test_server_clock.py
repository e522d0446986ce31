"""PostgreSQL's clock: the one by which all processes set and compare stored times."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from hourhook.clock import DAY, SECOND
from hourhook.delivery.worker import leases
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.server_clock import ServerClock
from hourhook.store.statements import Statement
from tests.support.backlogs import Backlog, lane_of, make_backlog
from tests.support.clocks import FakeClock

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SERVER_TIME = Statement(text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"))
# How much later the server's clock is read than the transaction began.
TOLERANCE = 20 * SECOND


@pytest.fixture
def postgres(database_url: str) -> Iterator[PostgresDatabase]:
    """The database as a process opens it whose own clock is years behind."""
    database = PostgresDatabase(database_url)
    database.clock = FakeClock()
    yield database
    database.close()


@pytest.fixture
def backlog(postgres: PostgresDatabase) -> Backlog:
    return make_backlog(postgres)


def is_now(timestamp: int, database: PostgresDatabase) -> bool:
    server_time = int(database.read_now(lambda tx: tx.value(SERVER_TIME)))
    return 0 <= server_time - timestamp + SECOND < TOLERANCE


def test_due_dates_and_leases_follow_the_servers_clock(backlog: Backlog, postgres: PostgresDatabase) -> None:
    backlog.record("tag.created")
    assert is_now(lane_of(backlog).due_at, postgres)

    backlog.attempt(500, retry_seconds=DAY / SECOND)
    assert is_now(lane_of(backlog).due_at - DAY, postgres)
    postgres.run_now(leases.bring_forward, DAY // 2)
    assert is_now(lane_of(backlog).due_at, postgres)

    postgres.run_now(backlog.lease)
    postgres.run_now(leases.renew, 1, DAY)
    assert is_now(lane_of(backlog).lease_expires_at - DAY, postgres)


def test_a_transaction_knows_the_servers_time(postgres: PostgresDatabase) -> None:
    assert is_now(postgres.read_now(lambda tx: tx.started_at), postgres)
    assert is_now(postgres.shared_clock.now(), postgres)


def test_the_servers_clock_is_read_once_per_second_at_most(database_url: str) -> None:
    class Connection:
        reads = 0

        def execute(self, _: str) -> "Connection":
            Connection.reads += 1
            return self

        def fetchone(self) -> tuple[int]:
            return (7 * DAY,)

    clock = ServerClock(FakeClock())
    for _ in range(1000):
        clock.synchronize(Connection())

    assert Connection.reads <= 2
    assert 0 <= clock.now() - 7 * DAY < TOLERANCE
