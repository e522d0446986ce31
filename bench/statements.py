"""What the database is really asked: every statement that the drivers are given, counted or kept."""

import sqlite3
import threading
from functools import partial
from typing import Any

import psycopg

Statement = tuple[str, Any]


class StatementRecorder:
    """Watches the drivers of this process from ``install`` on."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Statement] | None = None
        self._lock = threading.Lock()

    def install(self) -> None:
        """See every statement from now on."""
        sqlite3.connect = partial(sqlite3.connect, factory=_watched_connection(self))  # type: ignore[assignment]
        for kind in (psycopg.Connection, psycopg.AsyncConnection):
            kind.execute = _watched(self, kind.execute)  # type: ignore[method-assign]

    def start_recording(self) -> None:
        """Keep statements with their parameters from now on."""
        self._kept = []

    def stop_recording(self) -> list[Statement]:
        """Those that came since."""
        kept, self._kept = self._kept or [], None
        return kept

    def record(self, text: Any, parameters: Any) -> None:
        """Note one statement."""
        with self._lock:
            self.count += 1
            if self._kept is not None:
                self._kept.append((str(text), parameters))


def _watched_connection(statements: StatementRecorder) -> type[sqlite3.Connection]:
    class Watched(sqlite3.Connection):
        def execute(self, text: str, parameters: Any = (), /) -> sqlite3.Cursor:
            statements.record(text, parameters)
            return super().execute(text, parameters)

        def executemany(self, text: str, rows: Any, /) -> sqlite3.Cursor:
            statements.record(text, [*rows])
            return super().executemany(text, rows)

    return Watched


def _watched(statements: StatementRecorder, execute: Any) -> Any:
    def watched(connection: Any, text: Any, parameters: Any = None, **options: Any) -> Any:
        statements.record(text, parameters)
        return execute(connection, text, parameters, **options)

    return watched
