"""Bringing a database to this version."""

from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from hourhook.errors import Problem
from hourhook.store.database import Database
from hourhook.store.migrating import _connected, migrate, require_current
from hourhook.store.schema import metadata, sequences
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction


def test_a_migrated_database_is_what_the_schema_says(database_url: str) -> None:
    with _connected(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [difference for difference in compare_metadata(context, metadata) if not _is_of_ids(difference)]
    assert differences == []


def test_every_numbered_table_has_where_its_ids_come_from(database: Database) -> None:
    for name in sequences:
        query = (
            Statement(text("SELECT last_id FROM ids WHERE table_name = :name"))
            if database.dialect == "sqlite"
            else Statement(text("SELECT last_value FROM pg_sequences WHERE sequencename = :name || '_ids'"))
        )
        assert database.read_now(ask, query, name) is not None


def ask(tx: Transaction, query: Statement, name: str) -> Row | None:
    return tx.one(query, name=name)


def test_a_database_at_this_version_is_left_alone(database_url: str) -> None:
    require_current(database_url)
    assert migrate(database_url) is False


def test_a_migration_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/half.db"
    with _connected(url) as connection:
        # In the way of a step somewhere in the middle.
        connection.execute(text("CREATE TABLE lanes (x)"))
    with pytest.raises(sqlalchemy.exc.OperationalError, match="already exists"):
        migrate(url)

    with _connected(url) as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == ["lanes"]


def test_a_newer_database_is_refused_with_what_to_do(database_url: str) -> None:
    _pretend_to_be(database_url, "9999")
    for refuse in (require_current, migrate):
        with pytest.raises(Problem, match="newer than this Hourhook knows: install the newer Hourhook"):
            refuse(database_url)


def test_an_older_database_is_refused_with_what_to_do(database_url: str) -> None:
    with _connected(database_url) as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.commit()
    with pytest.raises(Problem, match="run `hourhook migrate`"):
        require_current(database_url)


def _pretend_to_be(url: str, version: str) -> None:
    with _connected(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        connection.commit()


def _is_of_ids(difference: object) -> bool:
    # SQLite's stand-in for sequences belongs to no metadata: PostgreSQL has no such table.
    return (
        isinstance(difference, tuple)
        and difference[0] == "remove_table"
        and isinstance(difference[1], sqlalchemy.Table)
        and difference[1].name == "ids"
    )
