"""Capture the SQL statements that a database executes."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hourhook.store.database import Database
from hourhook.store.transaction import Transaction


class Statements(list[str]):
    """The texts of executed statements, in order."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        super().__init__(texts)
        self._inserted: list[tuple[str, int]] = []

    def record(self, text: str, rows: Sequence[Any] = ()) -> None:
        """Record a statement, and the rows that it inserts if they are its parameter."""
        self.append(text)
        if rows:
            self._inserted.append((text.split()[2], len(rows)))

    def inserted_row_counts(self, table: str) -> list[int]:
        """Return the number of rows that each multi-row insert added to a table."""
        return [count for name, count in self._inserted if name == table]

    def __str__(self) -> str:
        return "\n".join(" ".join(text.split()) for text in self)


@contextmanager
def capture_statements(database: Database) -> Iterator[Statements]:
    """Capture the statements of all transactions of the database, without BEGIN and COMMIT.

    Nor are those that record the last use of a token: they come at some time after a response.
    """
    captured = Statements()
    make_transaction = database._transaction

    def transaction(connection: Any) -> Transaction:
        return make_transaction(_RecordingConnection(connection, captured))

    database._transaction = transaction  # type: ignore[method-assign]
    yield captured
    del database._transaction


class _RecordingConnection:
    """A connection that records the statements executed on it."""

    def __init__(self, connection: Any, captured: Statements) -> None:
        self._connection = connection
        self._captured = captured

    def execute(self, text: str, *parameters: Any, **options: bool) -> Any:
        is_multi_row_insert = (
            text.startswith("INSERT INTO") and "jsonb_array_elements" in text and type(parameters[0]) is tuple
        )
        if text != "COMMIT" and not text.startswith("UPDATE tokens SET last_used_at"):
            self._captured.record(text, json.loads(parameters[0][0]) if is_multi_row_insert else ())
        return self._connection.execute(text, *parameters, **options)

    def pipeline(self) -> Any:
        return self._connection.pipeline()

    def executemany(self, text: str, rows: Any) -> Any:
        self._captured.record(text, rows)
        return self._connection.executemany(text, rows)
