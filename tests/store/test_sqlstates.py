"""Outages of PostgreSQL are told from defects by SQLSTATE."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import bindparam, text, update

from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.account_rows import add_account
from tests.support.databases import PostgresServer

RENAME = Statement(update(accounts).values(name=bindparam("to")))


@pytest.fixture
def database_url(_postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    with _postgres_server.fresh(tmp_path) as url:
        yield url


def raise_code(tx: Transaction, code: str) -> None:
    tx.execute(Statement(text(f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{code}'; END $$")))


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        (["08000", "08003", "08006"], "the connection to PostgreSQL failed"),
        (["25006"], r"accepts no changes at the moment \(it is read-only\)"),
        (["25P03"], "paused for too long"),
        (["25P04"], "took too long"),
        (["28000", "28P01"], "refused the credentials"),
        (["3D000"], "the database does not exist"),
        (["40001", "40P01", "40003"], "conflicted with another one"),
        (["42501"], "denies access"),
        (["53100"], "disk of PostgreSQL is full"),
        (["53200"], "no memory left"),
        (["53300"], "accepts no more connections"),
        (["53000", "53400"], "no resources left"),
        (["55P03"], "did not get a lock in time"),
        (["57014"], "cancelled a statement"),
        (["57P03"], "starting or stopping"),
        (["57P01", "57P02", "57P04", "57P05"], "ended the connection"),
        (["58000", "58030", "58P01"], "machine of PostgreSQL reported an error"),
        (["72000"], "an old snapshot"),
        (["F0000"], "cannot read its configuration"),
        (["XX001", "XX002"], "damaged"),
    ],
)
def test_codes_of_an_outage_make_the_database_unavailable(database: Database, codes: list[str], reason: str) -> None:
    for code in codes:
        with pytest.raises(DatabaseUnavailable, match=rf"{reason}.*: as told") as raised:
            database.run_now(raise_code, code)
        assert "as told" not in raised.value.reason
    # No process needs a restart.
    assert database.run_now(lambda tx: tx.value(Statement(text("SELECT 1")))) == 1


@pytest.mark.parametrize(
    "code", ["08P01", "0A000", "22012", "23505", "25P02", "26000", "42601", "42703", "42P01", "54000", "P0001", "XX000"]
)
def test_codes_of_a_defect_are_raised_as_they_are(database: Database, code: str) -> None:
    with pytest.raises(psycopg.Error, match="as told") as raised:
        database.run_now(raise_code, code)
    assert raised.value.sqlstate == code


def test_a_change_in_a_read_is_a_defect_and_no_outage(database: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        database.read_now(lambda tx: tx.execute(RENAME, to="southwind"))


def test_connections_to_a_server_that_only_reads_are_replaced_together(database: Database) -> None:
    account = database.run_now(add_account, "northwind")
    set_read_only = Statement(text("SELECT set_config('default_transaction_read_only', 'on', false)"))

    def make_read_only(tx: Transaction, depth: int) -> None:
        tx.value(set_read_only)
        if depth:
            database.read_now(make_read_only, depth - 1)

    database.read_now(make_read_only, 4)

    with pytest.raises(DatabaseUnavailable, match="accepts no changes at the moment"):
        database.write_now(account, lambda tx: tx.execute(RENAME, to="southwind"))
    assert database.write_now(account, lambda tx: tx.execute(RENAME, to="southwind")) == 1
