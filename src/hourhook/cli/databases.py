"""The database of a short command, which runs beside a server and takes nothing away from it.

An embedded database that is missing is made under another name and then given its own in one step. So whoever makes
it at the same time, ``serve`` before all, finds it whole or not at all, and nobody is kept from owning it meanwhile.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from hourhook.cli.options import program_name
from hourhook.errors import OperatorError
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.upgrades import is_empty, migrate, require_current_schema
from hourhook.store.urls import check_url, is_embedded, open_database, sqlite_path

# How long another process may take to fill the file that it has begun.
SCHEMA_TIMEOUT_SECONDS = 5.0
POLL_INTERVAL_SECONDS = 0.05


@contextmanager
def command_database(settings: Settings, *, may_create: bool = False) -> Iterator[Database]:
    """Open the database for as long as the context lasts; ``may_create`` makes an embedded one that is missing.

    Raises ``OperatorError`` where there is none, or it is not at this version.
    """
    url = settings.database_url
    if is_embedded(url):
        check_url(url)
        _require_file(sqlite_path(url), may_create)
        _await_schema(url)
    database = open_database(url)
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
            f"there is no database {path} yet: `{program_name()} account create` makes it, with an account in it; "
            "if there is one elsewhere, name it with --database or HOURHOOK_DATABASE_URL"
        )
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        migrate(f"sqlite:///{fresh}")
        with suppress(FileExistsError):  # somebody else was faster, and theirs is as good
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _await_schema(url: str) -> None:
    # A file without a schema is most likely one that a starting server is about to fill.
    patient_until = time.monotonic() + SCHEMA_TIMEOUT_SECONDS
    while is_empty(url) and time.monotonic() < patient_until:
        Event().wait(POLL_INTERVAL_SECONDS)


def _fill(database: Database) -> None:
    """Fill a file that was left empty; this needs to own it, for a moment."""
    assert isinstance(database, SqliteDatabase)
    database.acquire_file_lock()
    migrate(f"sqlite:///{database.path}")
