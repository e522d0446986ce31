"""Open the database for a short command, which may run beside a server.

A missing SQLite database is created under a temporary name and then linked to its own in one step. A process that
opens it at the same time, such as ``serve``, sees the complete file or none, and can still lock it.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from hourhook.errors import OperatorError
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.upgrades import is_empty, migrate, require_current_schema
from hourhook.store.urls import check_url, is_embedded, open_database, refuse_shared_sessions, sqlite_path

# How long another process may take to create the schema in an empty file.
SCHEMA_TIMEOUT_SECONDS = 5.0
POLL_INTERVAL_SECONDS = 0.05


@contextmanager
def command_database(settings: Settings, *, may_create: bool = False) -> Iterator[Database]:
    """Open the database for the duration of the context; ``may_create`` creates a missing SQLite file.

    Raises ``OperatorError`` if the database does not exist or its schema is not current.
    """
    url = settings.database_url
    if is_embedded(url):
        check_url(url)
        _require_file(sqlite_path(url), may_create)
        _await_schema(url)
    refuse_shared_sessions(url, settings.database_limits)
    database = open_database(url, limits=settings.database_limits)
    try:
        if may_create and is_embedded(url) and is_empty(url):
            _fill(database)
        require_current_schema(url)
        yield database
    finally:
        database.close()


def _require_file(path: Path, may_create: bool) -> None:
    if path.exists():
        return
    if not may_create:
        raise OperatorError(
            f"there is no database {path} yet: create it and an account with `hourhook account create`, "
            "or name an existing database with --database or HOURHOOK_DATABASE_URL"
        )
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        migrate(f"sqlite:///{temporary}")
        with suppress(FileExistsError):  # another process was faster; its file is as good
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _await_schema(url: str) -> None:
    # A file without a schema most likely belongs to a server that is just starting.
    deadline = time.monotonic() + SCHEMA_TIMEOUT_SECONDS
    while is_empty(url) and time.monotonic() < deadline:
        Event().wait(POLL_INTERVAL_SECONDS)


def _fill(database: Database) -> None:
    """Create the schema in an empty file, holding its lock meanwhile."""
    assert isinstance(database, SqliteDatabase)
    database.acquire_file_lock()
    migrate(f"sqlite:///{database.path}")
