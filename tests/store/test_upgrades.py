"""Schema migrations, and the check that a schema is current."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table, text

from hourhook.errors import OperatorError
from hourhook.store.database import Database
from hourhook.store.schema import metadata, sequences, teams, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction
from hourhook.store.upgrades import (
    _configuration,
    _connected,
    _known_revisions,
    latest_revision,
    migrate,
    require_current_schema,
)
from hourhook.store.urls import open_database
from tests.conftest import DIALECTS
from tests.support.databases import PostgresServer

# The value of a column of each type. All ids are 1, so that rows refer to each other.
VALUES: dict[type[Any], Any] = {int: 1, str: "as it was", bool: True, bytes: b"\0as it was\xff"}

# Columns that a migration replaced by others; ``test_migrated_rows`` tests what became of their values.
REPLACED = {("users", "utc_offset")}


@pytest.fixture(params=DIALECTS)
def first_version(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a database with the first schema and one row in each table; once per dialect."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/first.db"
        _make_first_version(url)
        yield url
        return
    server: PostgresServer = request.getfixturevalue("_postgres_server")
    with server.empty() as url:
        _make_first_version(url)
        yield url


def test_a_migrated_database_matches_the_schema(database_url: str) -> None:
    with _connected(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference for difference in compare_metadata(context, metadata) if not _is_of_one_kind(difference)
        ]
    assert differences == []


def test_every_table_with_ids_has_a_sequence(database: Database) -> None:
    for name in sequences:
        query = (
            Statement(text("SELECT last_id FROM ids WHERE table_name = :name"))
            if database.dialect == "sqlite"
            else Statement(text("SELECT last_value FROM pg_sequences WHERE sequencename = :name || '_ids'"))
        )
        assert database.read_now(ask, query, name) is not None


def ask(tx: Transaction, query: Statement, name: str) -> Row | None:
    return tx.one(query, name=name)


def test_the_files_of_migrations_are_named_after_their_revisions() -> None:
    scripts = ScriptDirectory.from_config(_configuration())

    assert latest_revision() == scripts.get_current_head()
    assert _known_revisions() == {script.revision for script in scripts.walk_revisions()}


def test_migrating_a_current_database_changes_nothing(database_url: str) -> None:
    require_current_schema(database_url)
    assert migrate(database_url) is False


def test_migrating_from_the_first_version_keeps_all_rows(first_version: str) -> None:
    with _connected(first_version) as connection:
        tables = _reflect(connection)
        before = {table.name: _read(connection, table) for table in tables}
    assert {"accounts", "entry_tags", "attempts"} < before.keys()
    assert {len(rows) for rows in before.values()} == {1}
    with pytest.raises(OperatorError, match="run `hourhook migrate`"):
        require_current_schema(first_version)

    assert migrate(first_version) is True

    require_current_schema(first_version)
    with _connected(first_version) as connection:
        assert {table.name: _read(connection, table) for table in tables} == before


def test_migrating_from_the_first_version_keeps_id_sequences(first_version: str) -> None:
    migrate(first_version)

    database = open_database(first_version)
    assert database.run_now(take_ids, [users, teams]) == [2, 1]
    database.close()


def take_ids(tx: Transaction, tables: list[Table]) -> list[int]:
    return [tx.next_ids(table, 1)[0] for table in tables]


def test_a_failed_migration_is_rolled_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/half.db"
    with _connected(url) as connection:
        # Makes a step in the middle fail.
        connection.execute(text("CREATE TABLE lanes (x)"))
    with pytest.raises(sqlalchemy.exc.OperationalError, match="already exists"):
        migrate(url)

    with _connected(url) as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == ["lanes"]


def test_a_newer_database_is_refused_with_advice(database_url: str) -> None:
    _pretend_to_be(database_url, "9999")
    for refuse in (require_current_schema, migrate):
        with pytest.raises(OperatorError, match="newer than this version of Hourhook: install the version"):
            refuse(database_url)


def test_an_older_database_is_refused_with_advice(database_url: str) -> None:
    with _connected(database_url) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.commit()
    with pytest.raises(OperatorError, match="run `hourhook migrate`"):
        require_current_schema(database_url)


def _make_first_version(url: str) -> None:
    with _connected(url) as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "0001")
        tables = _reflect(connection)
        for table in tables:
            row = {column.name: VALUES[column.type.python_type] for column in table.columns}
            connection.execute(table.insert(), row)
        connection.commit()
    database = open_database(url)
    database.run_now(take_ids, [table for table in tables if "id" in table.columns])
    database.close()


def _reflect(connection: sqlalchemy.Connection) -> list[Table]:
    """Return the tables of a database as they are, without those of Alembic and of ids."""
    found = sqlalchemy.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in ("alembic_version", "ids")]


def _read(connection: sqlalchemy.Connection, table: Table) -> list[tuple[Any, ...]]:
    kept = [column for column in table.columns if (table.name, column.name) not in REPLACED]
    return [tuple(row) for row in connection.execute(sqlalchemy.select(*kept))]


def _pretend_to_be(url: str, version: str) -> None:
    with _connected(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        connection.commit()


def _is_of_one_kind(difference: object) -> bool:
    """Return whether it is a table or an index that only one kind of database has, so that no metadata does."""
    match difference:
        case ("remove_table" | "remove_index", sqlalchemy.Table(name=str(name)) | sqlalchemy.Index(name=str(name))):
            # SQLite's stand-in for sequences, and the index of texts.
            return name == "ids" or "_trigrams" in name
    return False
