"""PostgreSQL: broken connections are replaced, outages are reported, and no account takes all threads."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from hourhook.clock import SystemClock
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.urls import open_database
from tests.support.account_rows import add_account
from tests.support.databases import PostgresServer

ONE = Statement(text("SELECT 1"))
TERMINATE_OWN_BACKEND = Statement(text("SELECT pg_terminate_backend(pg_backend_pid())"))


@pytest.fixture
def database_url(_postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    with _postgres_server.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def postgres(database: Database) -> PostgresDatabase:
    assert isinstance(database, PostgresDatabase)
    return database


def ask(tx: Transaction) -> int:
    return int(tx.value(ONE))


def test_idle_connections_ended_by_the_server_are_replaced(postgres: PostgresDatabase) -> None:
    assert postgres.read_now(ask) == 1
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert postgres.read_now(ask) == 1


def test_a_connection_that_breaks_in_a_transaction_is_unavailable(postgres: PostgresDatabase) -> None:
    with pytest.raises(DatabaseUnavailable):
        postgres.run_now(lambda tx: tx.value(TERMINATE_OWN_BACKEND))
    assert postgres.run_now(ask) == 1


def test_an_unreachable_server_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="PostgreSQL cannot be reached: "):
        open_database("postgresql://nobody@127.0.0.1:1/nothing", SystemClock())


def test_a_long_write_does_not_block_writers_of_other_accounts(postgres: PostgresDatabase) -> None:
    busy, other = (postgres.run_now(add_account, name) for name in ("northwind", "southwind"))
    release, holding = threading.Event(), threading.Event()

    def hold(_: Transaction) -> bool:
        holding.set()
        return release.wait(10)

    async def scenario() -> list[bool]:
        writers = [asyncio.create_task(postgres.write(busy, hold)) for _ in range(40)]
        await asyncio.to_thread(holding.wait, 10)
        assert await postgres.write(other, ask) == 1
        release.set()
        return await asyncio.gather(*writers)

    # No writer timed out while the other account's write ran.
    assert asyncio.run(scenario()) == [True] * 40


def test_busy_writer_threads_do_not_block_readers_or_the_engine(postgres: PostgresDatabase) -> None:
    busy = [postgres.run_now(add_account, f"northwind-{number}") for number in range(4)]
    release, holding = threading.Event(), threading.Barrier(len(busy) + 1)

    def hold(_: Transaction) -> bool:
        if not release.is_set():
            holding.wait(10)
        return release.wait(10)

    async def scenario() -> list[bool]:
        # Of two writers of one account, one waits for the other.
        writers = [asyncio.create_task(postgres.write(id, hold)) for id in busy for _ in range(2)]
        await asyncio.to_thread(holding.wait, 10)
        assert await postgres.run(ask) == 1
        assert await postgres.read(ask) == 1
        release.set()
        return await asyncio.gather(*writers)

    # No writer timed out while the others ran.
    assert asyncio.run(scenario()) == [True] * 8


def test_the_queue_of_finished_writers_is_removed(postgres: PostgresDatabase) -> None:
    id = postgres.run_now(add_account, "northwind")

    async def scenario() -> None:
        await asyncio.gather(*(postgres.write(id, ask) for _ in range(5)))

    asyncio.run(scenario())
    assert [*postgres._queues] == []
