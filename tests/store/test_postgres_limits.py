"""PostgreSQL that does not answer, or takes too long: every wait has a limit, and dead connections are dropped."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from hourhook.clock import SystemClock
from hourhook.errors import DatabaseUnavailable
from hourhook.settings import DatabaseLimits
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.account_rows import add_account
from tests.support.database_proxies import DatabaseProxy

LIMITS = DatabaseLimits(connect_seconds=0.3, statement_seconds=0.3, queue_seconds=0.3)
SLEEP = Statement(text("SELECT pg_sleep(0.5)"))
ONE = Statement(text("SELECT 1"))
CURRENT = Statement(text("SELECT current_setting(:name)"))


@pytest.fixture
def postgres(database_proxy: DatabaseProxy) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(database_proxy.url, SystemClock(), LIMITS)
    yield database
    database.close()


def ask(tx: Transaction) -> int:
    return int(tx.value(ONE))


def test_a_statement_of_a_request_that_takes_too_long_is_cancelled(postgres: PostgresDatabase) -> None:
    with pytest.raises(DatabaseUnavailable, match="cancelled a statement"):
        postgres.read_now(lambda tx: tx.value(SLEEP))
    assert postgres.read_now(ask) == 1


def test_statements_of_background_work_may_take_longer(postgres: PostgresDatabase) -> None:
    postgres.run_now(lambda tx: tx.value(SLEEP))
    assert postgres.run_now(lambda tx: tx.value(CURRENT, name="statement_timeout")) == "0"


def test_a_server_that_stops_answering_is_given_up(postgres: PostgresDatabase, database_proxy: DatabaseProxy) -> None:
    def freeze(tx: Transaction) -> None:
        database_proxy.swallows_all = True
        tx.value(ONE)

    with pytest.raises(DatabaseUnavailable, match="does not answer: no answer within"):
        postgres.read_now(freeze)
    database_proxy.swallows_all = False
    assert postgres.read_now(ask) == 1


def test_connections_to_a_vanished_server_are_dropped_together(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy
) -> None:
    def hold(tx: Transaction, depth: int) -> None:
        if depth:
            postgres.read_now(hold, depth - 1)

    postgres.read_now(hold, 5)
    database_proxy.swallow_open_connections()

    started_at = time.monotonic()
    assert [postgres.read_now(ask) for _ in range(7)] == [1] * 7
    # One wait for a dead connection, not one for each of the six.
    assert time.monotonic() - started_at < 3 * LIMITS.connect_seconds


def test_waiting_for_a_busy_database_ends_in_time(postgres: PostgresDatabase) -> None:
    release = threading.Event()

    async def scenario() -> None:
        readers = [asyncio.create_task(postgres.read(lambda _: release.wait(10))) for _ in range(8)]
        await asyncio.sleep(0)
        with pytest.raises(DatabaseUnavailable, match="too much other work waits for the database"):
            await postgres.read(ask)
        release.set()
        await asyncio.gather(*readers)
        assert await postgres.read(ask) == 1

    asyncio.run(scenario())


def test_waiting_for_writers_of_the_same_account_ends_in_time(postgres: PostgresDatabase) -> None:
    account = postgres.run_now(add_account, "northwind")
    release = threading.Event()

    async def scenario() -> None:
        writer = asyncio.create_task(postgres.write(account, lambda _: release.wait(10)))
        others = [asyncio.create_task(postgres.write(account, ask)) for _ in range(3)]
        for result in await asyncio.gather(*others, return_exceptions=True):
            assert isinstance(result, DatabaseUnavailable)
        release.set()
        await writer
        assert await postgres.write(account, ask) == 1

    asyncio.run(scenario())


def test_closing_does_not_wait_for_a_server_that_does_not_answer(database_proxy: DatabaseProxy) -> None:
    database = PostgresDatabase(database_proxy.url, SystemClock(), DatabaseLimits(statement_seconds=60))
    frozen = threading.Event()

    def freeze(tx: Transaction) -> None:
        database_proxy.swallows_all = True
        frozen.set()
        tx.value(ONE)

    async def scenario() -> None:
        reading = asyncio.create_task(database.read(freeze))
        await asyncio.to_thread(frozen.wait, 10)
        # Until the statement waits for its answer.
        await asyncio.sleep(0.05)
        await asyncio.to_thread(database.close)
        with pytest.raises(DatabaseUnavailable):
            await reading

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_a_cancelled_task_does_not_wait_for_such_a_server(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy
) -> None:
    async def scenario() -> None:
        connection = await postgres.connect_async("test")
        connection.answer_seconds = None
        database_proxy.swallows_all = True
        task = asyncio.create_task(connection.execute("SELECT 1"))
        # Until the statement waits for its answer.
        await asyncio.sleep(0.05)
        task.cancel()
        async with asyncio.timeout(1):
            await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["keepalives", "tcp_user_timeout", "connect_timeout"])
def test_limits_in_the_url_take_precedence(database_proxy: DatabaseProxy, name: str) -> None:
    database = PostgresDatabase(f"{database_proxy.url}?{name}=7", SystemClock(), LIMITS)
    assert database.connect().info.get_parameters()[name] == "7"
    database.close()


def test_a_connection_notices_a_vanished_machine_within_seconds(postgres: PostgresDatabase) -> None:
    used = postgres.connect().info.get_parameters()
    assert int(used["keepalives_idle"]) + int(used["keepalives_interval"]) * int(used["keepalives_count"]) <= 15
    assert used["tcp_user_timeout"] == "600"
