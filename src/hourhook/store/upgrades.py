"""Bring a database to this version, or say that it is not there yet."""

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.store.urls import check_url, is_embedded, sqlite_path

# Any number that nothing else locks.
_LOCK = 4_686_011_735


def migrate(url: str) -> bool:
    """Carry out the steps that a database lacks, all of them or none; returns whether there were any.

    Raises ``OperatorError`` for a database that is newer than this Hourhook.
    """
    with _connected(url) as connection:
        # One at a time; whoever waited here finds the work done.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_embedded(url) else f"SELECT pg_advisory_xact_lock({_LOCK})")
        if _require_known(connection) == latest_revision():
            return False
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()
        return True


def require_current_schema(url: str) -> None:
    """Refuse a database whose schema is older or newer than this Hourhook (raises ``OperatorError``)."""
    with _connected(url) as connection:
        found = _require_known(connection)
    if found is None:
        raise OperatorError("the database is empty: run `hourhook migrate` with the same database URL first")
    if found != latest_revision():
        raise OperatorError(
            f"the database has schema {found}, this Hourhook needs {latest_revision()}: stop every hourhook process, "
            "make a backup and run `hourhook migrate`"
        )


def is_empty(url: str) -> bool:
    """Whether a database holds nothing of ours yet."""
    with _connected(url) as connection:
        return _require_known(connection) is None


def _require_known(connection: sqlalchemy.Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}
    if found is not None and found not in known:
        raise OperatorError(
            f"the database has schema {found}, which is newer than this Hourhook knows: "
            "install the newer Hourhook that migrated it"
        )
    return found


@cache
def latest_revision() -> str:
    """The version of the schema that this Hourhook needs."""
    newest = ScriptDirectory.from_config(_configuration()).get_current_head()
    assert newest is not None
    return newest


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return configuration


def _connected(url: str) -> sqlalchemy.Connection:
    check_url(url)
    try:
        return sqlalchemy.create_engine(
            "sqlite://" if is_embedded(url) else "postgresql+psycopg://",
            poolclass=NullPool,
            # The drivers read a URL as everywhere else, and not as SQLAlchemy does.
            creator=lambda: _connect(url),
        ).connect()
    except sqlalchemy.exc.OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be opened: {str(error.orig).splitlines()[0]}") from None


def _connect(url: str) -> sqlite3.Connection | psycopg.Connection[tuple[Any, ...]]:
    if is_embedded(url):
        # Without a level, or Python would commit each step of a migration by itself, and a crash leave half behind.
        return sqlite3.connect(sqlite_path(url), isolation_level=None)
    return psycopg.connect(url)
