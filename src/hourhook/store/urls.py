"""Database URLs: parse and check them, and open the database.

The driver of PostgreSQL is imported for its URLs only: a tenth of what a start with SQLite takes.
"""

import os
import re
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from hourhook.clock import Clock, SystemClock
from hourhook.errors import OperatorError
from hourhook.settings import DatabaseLimits
from hourhook.store.database import Database
from hourhook.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from hourhook.store.postgres import PostgresDatabase

POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")
# Else a password with an unescaped @ or / would be taken for a host, a port or a database, and be shown as such.
_EXPECTED = re.compile(r"postgres(ql)?://([^@/]*@)?[^@/?]*(/[^@/?]*)?(\?.*)?", re.DOTALL)


def is_embedded(url: str) -> bool:
    """Return whether a URL names an SQLite file, which only one process can use."""
    return url.startswith("sqlite:")


def is_postgresql(database: Database) -> "TypeGuard[PostgresDatabase]":
    """Return whether a database is on PostgreSQL, which other processes can use, too."""
    return database.dialect == "postgresql"


def sqlite_path(url: str) -> Path:
    """Return the file of an SQLite URL, behind a symbolic link.

    SQLite names its journal after that file, and so do the key and the lock: two names of a file share them.
    """
    path = Path(url.removeprefix("sqlite:///"))
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def describe_database(url: str) -> str:
    """Return a description of the database without its password."""
    if is_embedded(url):
        return f"{sqlite_path(url).absolute()}"
    _check_postgresql_url(url)
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    hosts, ports = str(parts.get("host", "")), str(parts.get("port", ""))
    places = [
        "this machine" if not host or host.startswith("/") else f"{host}:{port}" if port else host
        for host, port in zip_longest(hosts.split(","), ports.split(","), fillvalue="")
    ]
    return f"PostgreSQL {parts.get('dbname', parts.get('user', ''))} on {', '.join(places)}"


def check_url(url: str) -> None:
    """Raise ``OperatorError`` if a URL names no usable database."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        path = sqlite_path(url)
        if path.name == ":memory:":
            raise OperatorError(
                "an in-memory database is lost with each connection: name a file, such as sqlite:///hourhook.db"
            )
        if not path.absolute().parent.is_dir():
            raise OperatorError(f"the database folder {path.parent} does not exist: create it, or choose another")
        if path.is_dir():
            raise OperatorError(f"the database {path} is a folder: name a file in it")
    elif url.startswith(POSTGRESQL_SCHEMES):
        _check_postgresql_url(url)
    else:
        # The URL is not repeated: it may contain a password, and this line ends up in logs.
        raise OperatorError(
            "the database URL is not supported: write sqlite:///path, with three slashes, or postgresql://…"
        )


def refuse_shared_sessions(url: str, limits: DatabaseLimits) -> None:
    """Raise ``OperatorError`` if PostgreSQL is behind a pooler that shares sessions between clients (``poolers``)."""
    if not is_embedded(url):
        from hourhook.store.poolers import require_own_sessions

        check_url(url)
        require_own_sessions(url, limits)


def _check_postgresql_url(url: str) -> None:
    """Raise ``OperatorError`` for a URL that the driver cannot read, or reads in an unexpected way.

    The driver's own words contain the part that it stumbles over, which may be the password; so nothing of them, and of
    the URL, is repeated.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
        timeout, ports = parts.get("connect_timeout", 0), str(parts.get("port", ""))
        is_readable = float(timeout or 0) >= 0 and not ports.replace(",", "").strip("0123456789")
    except (ProgrammingError, ValueError):
        is_readable = False
    if not (is_readable and _EXPECTED.fullmatch(url)):
        raise OperatorError(
            "the database URL cannot be read: write postgresql://USER:PASSWORD@HOST:PORT/NAME, with special characters "
            "of the user and the password percent-encoded, such as %40 for @, %2F for / and %25 for %"
        )


def open_database(url: str, clock: Clock | None = None, limits: DatabaseLimits | None = None) -> Database:
    """Open the database of a URL, ``sqlite:///path`` or ``postgresql://…``.

    Raises ``OperatorError`` for any other URL, ``DatabaseUnavailable`` if the database cannot be reached.
    """
    check_url(url)
    if is_embedded(url):
        return SqliteDatabase(sqlite_path(url), clock or SystemClock(), limits)
    from hourhook.store.postgres import PostgresDatabase

    return PostgresDatabase(url, clock, limits)
