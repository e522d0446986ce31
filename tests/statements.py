"""How many statements the database is asked to carry out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hourhook.store.database import Database
from hourhook.store.transaction import Transaction


class Statements(list[str]):
    """The texts of statements, in order."""

    def __str__(self) -> str:
        return "\n".join(" ".join(text.split()) for text in self)


@contextmanager
def counted(database: Database) -> Iterator[Statements]:
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
        self._noted.append(text)
        return self._connection.execute(text, *parameters)

    def pipeline(self) -> Any:
        return self._connection.pipeline()

    def executemany(self, text: str, rows: Any) -> Any:
        self._noted.append(text)
        return self._connection.executemany(text, rows)
