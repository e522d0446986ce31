"""Transactions on both databases: atomicity, isolation, ordering and deferred statements."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import bindparam, select, text, update

from hourhook.clock import SECOND
from hourhook.errors import DatabaseUnavailable, NotFound
from hourhook.store.database import Database
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement, any_of, contains
from hourhook.store.transaction import Transaction
from tests.support.account_rows import add_account
from tests.support.clocks import FakeClock
from tests.support.statements import capture_statements

NAMES = Statement(select(accounts.c.name).order_by(accounts.c.id))
RENAME = Statement(update(accounts).where(accounts.c.id == bindparam("account")).values(name=bindparam("to")))
MOVE_LOG = Statement(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .values(last_position=bindparam("position"), last_event_at=bindparam("at"))
)
WAITING_FOR_US = Statement(
    text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
)


def names(database: Database) -> list[str]:
    return [row.name for row in database.read_now(lambda tx: tx.all(NAMES))]


def test_a_committed_write_is_visible_to_the_next_reader(database: Database) -> None:
    id = database.run_now(add_account, "northwind")
    database.write_now(id, lambda tx: tx.execute(RENAME, account=id, to="southwind"))
    assert names(database) == ["southwind"]


def test_a_failed_write_is_rolled_back_and_runs_no_after_commit_action(database: Database) -> None:
    id = database.run_now(add_account, "northwind")
    calls = []

    def fail(tx: Transaction) -> None:
        tx.execute(RENAME, account=id, to="southwind")
        tx.after_commit(lambda: calls.append("after"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write_now(id, fail)
    assert (names(database), calls) == (["northwind"], [])


def test_a_failed_before_commit_action_rolls_the_write_back(database: Database) -> None:
    id = database.run_now(add_account, "northwind")

    def fail(_: Transaction) -> None:
        raise ValueError("no")

    def write(tx: Transaction) -> None:
        tx.execute(RENAME, account=id, to="southwind")
        tx.before_commit(fail)

    with pytest.raises(ValueError, match="no"):
        database.write_now(id, write)
    assert names(database) == ["northwind"]


def test_deferred_statements_are_visible_to_the_next_statement(database: Database) -> None:
    id = database.run_now(add_account, "northwind")

    def write(tx: Transaction) -> list[str]:
        tx.execute_later(RENAME, account=id, to="southwind")
        tx.execute_later(RENAME, account=id, to="eastwind")
        return [row.name for row in tx.all(NAMES)]

    assert database.write_now(id, write) == ["eastwind"]


def test_deferred_statements_at_the_end_are_committed(database: Database) -> None:
    id = database.run_now(add_account, "northwind")

    def write(tx: Transaction, *names_to_set: str) -> None:
        for name in names_to_set:
            tx.execute_later(RENAME, account=id, to=name)

    for names_to_set in (["southwind"], ["westwind", "eastwind"]):
        database.write_now(id, write, *names_to_set)
        assert names(database) == [names_to_set[-1]]


def test_deferred_statements_are_bounded(database: Database) -> None:
    id = database.run_now(add_account, "northwind")

    def write(tx: Transaction) -> int:
        before = len(statements)
        for _ in range(60):
            tx.execute_later(RENAME, account=id, to="x" * 100_000)
        return len(statements) - before

    with capture_statements(database) as statements:
        # On SQLite no statement is deferred.
        assert database.write_now(id, write) >= 45
    assert names(database) == ["x" * 100_000]


def test_a_deferred_write_in_a_read_is_refused(database: Database) -> None:
    id = database.run_now(add_account, "northwind")
    with pytest.raises((sqlite3.Error, psycopg.Error, DatabaseUnavailable), match=r"(?i)read-?only"):
        database.read_now(lambda tx: tx.execute_later(RENAME, account=id, to="southwind"))
    assert names(database) == ["northwind"]


@pytest.mark.parametrize("is_last", [True, False])
def test_a_failed_deferred_statement_rolls_the_write_back(database: Database, is_last: bool) -> None:
    id = database.run_now(add_account, "northwind")
    database.run_now(add_account, "southwind")

    def write(tx: Transaction) -> None:
        tx.execute_later(MOVE_LOG, account=id, position=7, at=0)
        tx.execute_later(RENAME, account=id, to="southwind")
        if not is_last:
            tx.all(NAMES)

    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError), match=r"(?i)unique"):
        database.write_now(id, write)
    assert database.write_now(id, lambda tx: tx.last_position) == 0


def test_an_after_commit_action_sees_the_committed_data(database: Database) -> None:
    id = database.run_now(add_account, "northwind")
    seen = []

    def write(tx: Transaction) -> None:
        tx.execute(RENAME, account=id, to="southwind")
        tx.after_commit(lambda: seen.append(names(database)))

    database.write_now(id, write)
    assert seen == [["southwind"]]


def test_a_write_to_an_unknown_account_is_refused(database: Database) -> None:
    with pytest.raises(NotFound):
        database.write_now(7, lambda _: None)


def test_a_write_in_a_read_transaction_is_refused(database: Database) -> None:
    id = database.run_now(add_account, "northwind")
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        database.read_now(lambda tx: tx.execute(RENAME, account=id, to="southwind"))
    assert names(database) == ["northwind"]


def test_a_read_sees_one_snapshot_during_concurrent_writes(database: Database) -> None:
    id = database.run_now(add_account, "northwind")

    def read(tx: Transaction) -> list[str]:
        before = tx.all(NAMES)
        writer = threading.Thread(
            target=database.write_now, args=(id, lambda tx: tx.execute(RENAME, account=id, to="southwind"))
        )
        writer.start()
        writer.join()
        return [row.name for row in (*before, *tx.all(NAMES))]

    assert database.read_now(read) == ["northwind", "northwind"]


def test_writes_to_one_account_are_serialized(database: Database) -> None:
    # Without this, two writers could read the same last position, and sequences would collide.
    id = database.run_now(add_account, "northwind")

    def next_position(tx: Transaction) -> int:
        position = tx.last_position + 1
        tx.execute(MOVE_LOG, account=id, position=position, at=tx.event_time)
        return position

    async def many() -> list[int]:
        return [*await asyncio.gather(*(database.write(id, next_position) for _ in range(40)))]

    assert sorted(asyncio.run(many())) == [*range(1, 41)]


def test_event_time_is_never_earlier_than_the_last_event(database: Database, clock: FakeClock) -> None:
    id = database.run_now(add_account, "northwind")
    later = clock.now() + 90 * SECOND
    database.write_now(id, lambda tx: tx.execute(MOVE_LOG, account=id, position=1, at=later))
    assert database.write_now(id, lambda tx: tx.event_time) == later


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_write_starts_when_it_gets_the_account_lock(database: Database, clock: FakeClock) -> None:
    # Not when it began to wait: then it would make things due before the write that it follows.
    id = database.run_now(add_account, "northwind")
    with ThreadPoolExecutor(1) as threads:

        def hold(tx: Transaction) -> "Future[int]":
            waiting = threads.submit(database.write_now, id, lambda tx: tx.started_at)
            while not tx.value(WAITING_FOR_US):
                assert not waiting.done()
            clock.advance(90)
            return waiting

        assert database.write_now(id, hold).result() == clock.now()


def test_event_time_is_a_whole_second(database: Database, clock: FakeClock) -> None:
    clock.moment += 123_456
    assert database.read_now(lambda tx: (tx.event_time % SECOND, tx.started_at % SECOND)) == (0, 123_456)


def test_ids_are_unique_across_accounts_and_ascend(database: Database) -> None:
    first, second = (database.run_now(add_account, name) for name in ("northwind", "southwind"))
    taken = database.run_now(lambda tx: [*tx.next_ids(accounts, 3)])
    assert [first, second, *taken] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("requested", "found"),
    [([1, 3], ["ann", "cid"]), ([], []), ([99, -1], []), ([2, 2**31], ["bob"])],
    ids=["some", "none", "unknown", "one in range"],
)
def test_a_list_of_any_length_is_one_parameter(database: Database, requested: list[int], found: list[str]) -> None:
    for name in ("ann", "bob", "cid"):
        database.run_now(add_account, name)
    query = Statement(select(accounts.c.name).where(any_of(accounts.c.id, "ids")).order_by(accounts.c.id))
    assert [row.name for row in database.read_now(lambda tx: tx.all(query, ids=requested))] == found


@pytest.mark.parametrize("needle", ["%", "_", "'", "\\", "100%", "Ä"])
def test_contains_matches_every_character_literally(database: Database, needle: str) -> None:
    database.run_now(add_account, f"a{needle}b")
    database.run_now(add_account, "axb")
    query = Statement(select(accounts.c.name).where(contains(accounts.c.name, "needle")))
    assert [row.name for row in database.read_now(lambda tx: tx.all(query, needle=needle))] == [f"a{needle}b"]


def test_booleans_are_returned_as_booleans(database: Database) -> None:
    database.run_now(add_account, "northwind")
    query = Statement(select(accounts.c.invoicing_enabled, accounts.c.is_locked))
    row = database.read_now(lambda tx: tx.one(query))
    assert row is not None
    assert (row.invoicing_enabled, row.is_locked) == (True, False)


def test_the_row_count_of_an_update_with_a_cte_is_correct(database: Database) -> None:
    for name in ("ann", "bob", "cid"):
        database.run_now(add_account, name)
    chosen = select(accounts.c.id).where(accounts.c.name != "bob").cte("chosen")
    change = Statement(update(accounts).where(accounts.c.id == chosen.c.id).values(max_users=5))
    assert database.run_now(lambda tx: tx.execute(change)) == 2


def test_readers_are_not_blocked_by_queued_writers(database: Database) -> None:
    # Writers waiting for an account's lock must not occupy threads that readers, such as /health, need.
    id = database.run_now(add_account, "northwind")
    release, holding = threading.Event(), threading.Event()

    def hold(_: Transaction) -> bool:
        holding.set()
        return release.wait(10)

    async def scenario() -> list[bool]:
        writers = [asyncio.create_task(database.write(id, hold)) for _ in range(20)]
        await asyncio.to_thread(holding.wait, 10)
        ask: Callable[[Transaction], list[str]] = lambda tx: [row.name for row in tx.all(NAMES)]  # noqa: E731
        assert await database.read(ask) == ["northwind"]
        release.set()
        return await asyncio.gather(*writers)

    # No writer timed out while the readers ran.
    assert asyncio.run(scenario()) == [True] * 20
