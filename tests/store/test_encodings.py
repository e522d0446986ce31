"""The encoding of a PostgreSQL database, and that of its connections."""

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import select

from hourhook.clock import SystemClock
from hourhook.errors import OperatorError
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.upgrades import migrate, require_current_schema
from tests.support.account_rows import add_account
from tests.support.databases import PostgresServer

NAME = "Übung 🙂"


@pytest.fixture
def database_url(_postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    with _postgres_server.fresh(tmp_path) as url:
        yield url


def execute(url: str, text: LiteralString, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(text).format(sql.Identifier(name)))


def test_connections_use_utf8_whatever_the_database_prefers(database_url: str) -> None:
    database_name = str(conninfo_to_dict(database_url)["dbname"])
    execute(database_url, "ALTER DATABASE {} SET client_encoding = 'LATIN1'", database_name)
    try:
        database = PostgresDatabase(database_url, SystemClock())
        database.run_now(add_account, NAME)
        assert database.read_now(lambda tx: tx.value(Statement(select(accounts.c.name)))) == NAME
        database.close()
        require_current_schema(database_url)
    finally:
        execute(database_url, "ALTER DATABASE {} RESET client_encoding", database_name)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_in_another_encoding_is_refused(database_url: str, encoding: LiteralString) -> None:
    name = f"hourhook_test_{uuid4().hex}"
    execute(database_url, f"CREATE DATABASE {{}} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0", name)
    try:
        database_name = str(conninfo_to_dict(database_url)["dbname"])
        for refuse in (migrate, require_current_schema):
            with pytest.raises(OperatorError, match=f"has the encoding {encoding}, .* with ENCODING 'UTF8'"):
                refuse(database_url.replace(database_name, name))
    finally:
        execute(database_url, "DROP DATABASE {} WITH (FORCE)", name)
