"""How many statements the database is asked to carry out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hourhook.store.database import Database
from hourhook.store.transaction import Transaction


class Statements(list[str]):
    """The texts of statements, in order."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        super().__init__(texts)
        self._inserted: list[tuple[str, int]] = []

    def note(self, text: str, rows: Sequence[Any] = ()) -> None:
        """Note one more, and the rows that it adds to a table if those are its parameter."""
        self.append(text)
        if rows:
            self._inserted.append((text.split()[2], len(rows)))

    def inserted_row_counts(self, table: str) -> list[int]:
        """How many rows were added to a table by each of the statements that add any number at once."""
        return [count for name, count in self._inserted if name == table]

    def __str__(self) -> str:
        return "\n".join(" ".join(text.split()) for text in self)


@contextmanager
def capture_statements(database: Database) -> Iterator[Statements]:
    """Note every statement that transactions of the database carry out meanwhile, their begin and end left out."""
    noted = Statements()
    make = database._transaction

    def transaction(connection: Any) -> Transaction:
        return make(_Noting(connection, noted))

    database._transaction = transaction  # type: ignore[method-assign]
    yield noted
    del database._transaction


class _Noting:
    """A connection that notes what passes through it."""

    def __init__(self, connection: Any, noted: Statements) -> None:
        self._connection = connection
        self._noted = noted

    def execute(self, text: str, *parameters: Any) -> Any:
        many = text.startswith("INSERT INTO") and "jsonb_array_elements" in text and type(parameters[0]) is tuple
        self._noted.note(text, json.loads(parameters[0][0]) if many else ())
        return self._connection.execute(text, *parameters)

    def pipeline(self) -> Any:
        return self._connection.pipeline()

    def executemany(self, text: str, rows: Any) -> Any:
        self._noted.note(text, rows)
        return self._connection.executemany(text, rows)
