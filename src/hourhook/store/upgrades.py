"""Upgrade the schema of a database, or check that it is current."""

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
from hourhook.settings import DatabaseLimits
from hourhook.store.postgres_connections import connection_parameters
from hourhook.store.urls import check_url, is_embedded, sqlite_path

# An arbitrary key for the advisory lock.
_LOCK = 4_686_011_735


def migrate(url: str) -> bool:
    """Apply all missing schema migrations in one transaction; return whether there were any.

    Raises ``OperatorError`` if the database is newer than this Hourhook.
    """
    with _connected(url) as connection:
        # One process at a time; the others find the work done.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_embedded(url) else f"SELECT pg_advisory_xact_lock({_LOCK})")
        if _require_known(connection) == latest_revision():
            return False
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()
        return True


def require_current_schema(url: str) -> None:
    """Raise ``OperatorError`` unless the schema is the one this Hourhook needs."""
    with _connected(url) as connection:
        found = _require_known(connection)
    if found is None:
        raise OperatorError("the database is empty: run `hourhook migrate` with the same database URL first")
    if found != latest_revision():
        raise OperatorError(
            f"the database has schema {found}, this Hourhook needs {latest_revision()}: stop all hourhook processes, "
            "make a backup and run `hourhook migrate`"
        )


def is_empty(url: str) -> bool:
    """Return whether a database has no Hourhook schema yet."""
    with _connected(url) as connection:
        return _require_known(connection) is None


def _require_known(connection: sqlalchemy.Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}
    if found is not None and found not in known:
        raise OperatorError(
            f"the database has schema {found}, which is newer than this version of Hourhook: "
            "install the version that migrated the database"
        )
    return found


@cache
def latest_revision() -> str:
    """Return the schema revision that this Hourhook needs."""
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
            # The drivers parse the URL, because SQLAlchemy parses it differently.
            creator=lambda: _connect(url),
        ).connect()
    except sqlalchemy.exc.OperationalError as error:
        raise DatabaseUnavailable("the database cannot be opened", str(error.orig).splitlines()[0]) from None


def _connect(url: str) -> sqlite3.Connection | psycopg.Connection[tuple[Any, ...]]:
    if is_embedded(url):
        # Without an isolation level. Otherwise Python would commit each migration step separately, and a crash could
        # leave half of them.
        return sqlite3.connect(sqlite_path(url), isolation_level=None)
    connection = psycopg.connect(**connection_parameters(url, DatabaseLimits()))
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise OperatorError(
            f"the database {name} has the encoding {encoding}, which cannot store every text: "
            "create another one with ENCODING 'UTF8' TEMPLATE template0"
        )
    return connection
