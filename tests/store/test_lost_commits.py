"""A connection that breaks during a commit: the server is asked what became of the transaction."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, select, update

from hourhook.clock import SystemClock
from hourhook.errors import CommitUnknown, DatabaseUnavailable
from hourhook.settings import DatabaseLimits
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.account_rows import add_account
from tests.support.database_proxies import DatabaseProxy

RENAME = Statement(update(accounts).values(name=bindparam("to")))
NAME = Statement(select(accounts.c.name))
QUEUE_SECONDS = 0.5


@pytest.fixture
def postgres(database_proxy: DatabaseProxy) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(database_proxy.url, SystemClock(), DatabaseLimits(queue_seconds=QUEUE_SECONDS))
    yield database
    database.close()


@pytest.fixture
def account(postgres: PostgresDatabase) -> int:
    return postgres.run_now(add_account, "northwind")


def name_of(postgres: PostgresDatabase) -> str:
    return str(postgres.read_now(lambda tx: tx.value(NAME)))


def test_a_commit_whose_answer_is_lost_succeeds(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy, account: int
) -> None:
    calls = []

    def rename(tx: Transaction) -> str:
        tx.execute(RENAME, to="southwind")
        tx.after_commit(lambda: calls.append("after"))
        return "renamed"

    database_proxy.break_commit("unanswered")
    assert postgres.write_now(account, rename) == "renamed"
    assert (name_of(postgres), calls) == ("southwind", ["after"])


def test_a_commit_that_never_arrives_is_known_to_have_failed(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy, account: int
) -> None:
    database_proxy.break_commit("lost")
    with pytest.raises(DatabaseUnavailable, match="the change was not kept") as raised:
        postgres.write_now(account, lambda tx: tx.execute(RENAME, to="southwind"))
    assert not isinstance(raised.value, CommitUnknown)
    assert name_of(postgres) == "northwind"


def test_a_commit_that_stays_pending_is_unknown_after_a_limited_time(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy, account: int
) -> None:
    database_proxy.break_commit("pending")
    started_at = time.monotonic()
    with pytest.raises(CommitUnknown, match="unknown whether the change was kept"):
        postgres.write_now(account, lambda tx: tx.execute(RENAME, to="southwind"))
    assert QUEUE_SECONDS <= time.monotonic() - started_at < 10 * QUEUE_SECONDS


def test_another_server_cannot_tell_that_a_commit_succeeded(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy, account: int
) -> None:
    # After a failover, another transaction may have got the same id.
    def rename(tx: Transaction) -> None:
        tx.execute(RENAME, to="southwind")
        tx._connection.server_started_at = "before the failover"

    database_proxy.break_commit("unanswered")
    with pytest.raises(CommitUnknown):
        postgres.write_now(account, rename)


def test_a_read_is_complete_even_if_its_end_is_lost(
    postgres: PostgresDatabase, database_proxy: DatabaseProxy, account: int
) -> None:
    database_proxy.break_commit("pending")
    assert name_of(postgres) == "northwind"
    assert database_proxy.has_broken_commit
