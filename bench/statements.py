"""Count or record every statement that is passed to the database drivers."""

import sqlite3
import threading
from functools import partial
from typing import Any

import psycopg

Statement = tuple[str, Any]


class StatementRecorder:
    """Wraps the drivers of this process, from ``install`` on."""

    def __init__(self) -> None:
        self.count = 0
        self._recorded: list[Statement] | None = None
        self._lock = threading.Lock()

    def install(self) -> None:
        """Count every statement from now on."""
        sqlite3.connect = partial(sqlite3.connect, factory=_watched_connection(self))  # type: ignore[assignment]
        for connection_type in (psycopg.Connection, psycopg.AsyncConnection):
            connection_type.execute = _watched(self, connection_type.execute)  # type: ignore[method-assign]

    def start_recording(self) -> None:
        """Record statements with their parameters from now on."""
        self._recorded = []

    def stop_recording(self) -> list[Statement]:
        """Return the statements since."""
        recorded, self._recorded = self._recorded or [], None
        return recorded

    def record(self, text: Any, parameters: Any) -> None:
        with self._lock:
            self.count += 1
            if self._recorded is not None:
                self._recorded.append((str(text), parameters))


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
