"""Upgrade the schema of a database, or check that it is current.

A process that starts finds a current schema nearly always, so only an upgrade imports Alembic: its import takes longer
than all else that a start does with the database.
"""

import re
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy.pool import NullPool

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.settings import DatabaseLimits
from hourhook.store.urls import check_url, is_embedded, sqlite_path

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config

# An arbitrary key for the advisory lock.
_LOCK = 4_686_011_735
_MIGRATIONS = Path(__file__).parent / "migrations"
# A migration's file begins with its revision: 0001_name.py.
_REVISION = re.compile(r"(\d{4})_\w+\.py")


def migrate(url: str) -> bool:
    """Apply all missing schema migrations in one transaction; return whether there were any.

    Raises ``OperatorError`` if the database is newer than this Hourhook.
    """
    with _connected(url) as connection:
        # One process at a time; the others find the work done.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_embedded(url) else f"SELECT pg_advisory_xact_lock({_LOCK})")
        if _require_known(connection) == latest_revision():
            return False
        _upgrade(connection)
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
    found: str | None = None
    if sqlalchemy.inspect(connection).has_table("alembic_version"):
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is not None and found not in _known_revisions():
        raise OperatorError(
            f"the database has schema {found}, which is newer than this version of Hourhook: "
            "install the version that migrated the database"
        )
    return found


@cache
def latest_revision() -> str:
    """Return the schema revision that this Hourhook needs."""
    return max(_known_revisions())


@cache
def _known_revisions() -> frozenset[str]:
    matches = (_REVISION.fullmatch(path.name) for path in (_MIGRATIONS / "versions").iterdir())
    return frozenset(match[1] for match in matches if match)


def _upgrade(connection: sqlalchemy.Connection) -> None:
    from alembic import command

    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def _configuration() -> "Config":
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
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


def _connect(url: str) -> "sqlite3.Connection | psycopg.Connection[tuple[Any, ...]]":
    if is_embedded(url):
        # Without an isolation level. Otherwise Python would commit each migration step separately, and a crash could
        # leave half of them.
        return sqlite3.connect(sqlite_path(url), isolation_level=None)
    import psycopg

    from hourhook.store.postgres_connections import connection_parameters

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
