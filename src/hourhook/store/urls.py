"""From a URL to an open database."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hourhook.clock import Clock, SystemClock
from hourhook.errors import OperatorError
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlite import SqliteDatabase

POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")


def is_embedded(url: str) -> bool:
    """Whether a URL names a database in a file, which one process owns."""
    return url.startswith("sqlite:")


def sqlite_path(url: str) -> Path:
    """The file of an embedded database."""
    return Path(url.removeprefix("sqlite:///"))


def describe_database(url: str) -> str:
    """Which database this is, without a password."""
    if is_embedded(url):
        return f"{sqlite_path(url).absolute()}"
    parts = urlsplit(url)
    return f"PostgreSQL {parts.path.strip('/')} on {parts.netloc.rpartition('@')[2] or 'this machine'}"


def check_url(url: str) -> None:
    """Refuse a URL that leads to no database (raises ``OperatorError``)."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        path = sqlite_path(url)
        if path.name == ":memory:":
            raise OperatorError(
                "a database in memory is gone with each connection: name a file, as sqlite:///hourhook.db"
            )
        if not path.absolute().parent.is_dir():
            raise OperatorError(f"the folder {path.parent} of the database does not exist: make it, or name another")
        if path.is_dir():
            raise OperatorError(f"the database {path} is a folder: name a file in it")
    elif url.startswith(POSTGRESQL_SCHEMES):
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise OperatorError(f"the database URL cannot be read: {str(error).strip()}") from None
    else:
        # Without the URL itself: it may hold a password, and this line ends up in logs.
        raise OperatorError(
            "the database URL is not understood: write sqlite:///path, with three slashes, or postgresql://…"
        )


def open_database(url: str, clock: Clock | None = None) -> Database:
    """Open the database behind a URL, ``sqlite:///path`` or ``postgresql://…``.

    Raises ``OperatorError`` for any other URL, ``DatabaseUnavailable`` when it cannot be reached.
    """
    check_url(url)
    clock = clock or SystemClock()
    return SqliteDatabase(sqlite_path(url), clock) if is_embedded(url) else PostgresDatabase(url, clock)
