"""The database fails while the server runs: what requests and ``/health`` answer, and what the log says."""

import asyncio
import sqlite3
import threading
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from hourhook.store.database import Database
from tests.conftest import Logged, Server
from tests.support.accounts import Account

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def reasons(logged: Logged) -> list[Any]:
    return [event["reason"] for event in logged if event["event"] == "request" and event["status"] == 503]


@on_postgresql
def test_a_database_that_only_reads_is_unhealthy(account: Account, database_url: str, logged: Logged) -> None:
    client = account.leader.client
    name = urlsplit(database_url).path[1:]
    assert client.get("/health").status == 200
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        try:
            written, read, health = (
                client.post("/v2/tags", {"names": ["x"]}),
                client.get("/v2/tags"),
                client.get("/health"),
            )
        finally:
            operator.execute("SET default_transaction_read_only = off")
            operator.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    assert (written.status, read.status, health.status) == (503, 200, 503)
    assert "accepts no changes at the moment" in written.json()["message"]
    assert "accepts no changes at the moment" in health.json()["message"]
    assert len(reasons(logged)) == 2


def test_health_does_not_wait_behind_slow_requests(server: Server, database: Database) -> None:
    release = threading.Event()

    def hold(_: object) -> None:
        release.wait(10)

    async def occupy() -> None:
        await asyncio.gather(*(database.read(hold) for _ in range(16)))

    readers = threading.Thread(target=lambda: asyncio.run(occupy()))
    readers.start()
    try:
        assert server.client.get("/health").status == 200
    finally:
        release.set()
        readers.join()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_another_program_locks_is_unhealthy(server: Server, database_url: str) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    health = server.client.get("/health")
    other.close()

    assert health.status == 503
    assert "another program has locked the database file" in health.json()["message"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_write_of_the_server_itself_is_healthy(server: Server, database: Database) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        holding.set()
        release.wait(10)

    writer = threading.Thread(target=lambda: database.run_now(hold))
    writer.start()
    holding.wait(10)
    try:
        assert server.client.get("/health").status == 200
    finally:
        release.set()
        writer.join()
