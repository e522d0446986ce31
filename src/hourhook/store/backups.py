"""Copies of an SQLite database that are consistent although a server writes to it."""

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from hourhook.errors import OperatorError


def copy_database(source: Path, target: Path) -> int:
    """Copy a database to a new file, readable by its owner only, and check the copy; return its size in bytes.

    The file appears under its name once it is complete. Raises ``OperatorError`` if the name is taken or the copy is
    damaged.
    """
    if target.exists():
        raise OperatorError(f"{target} exists already: choose another name, or move it away")
    if not target.absolute().parent.is_dir():
        raise OperatorError(f"the folder {target.parent} does not exist: create it, or choose another")
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(temporary)) as copy:
            # All pages in one step, in one read transaction: writers continue, and none of their changes is mixed in.
            original.backup(copy)
            result = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if result != "ok":
            raise OperatorError(f"the copy is damaged ({result}): check the disk and the database {source}")
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.link(temporary, target)
        return target.stat().st_size
    except FileExistsError:
        raise OperatorError(f"{target} exists already: choose another name, or move it away") from None
    finally:
        temporary.unlink(missing_ok=True)
        for suffix in ("-wal", "-shm"):
            Path(f"{temporary}{suffix}").unlink(missing_ok=True)
