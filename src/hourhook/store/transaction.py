"""What a rule of the house may do with the database: ask, change, and have things done at the commit."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from hourhook.clock import truncate_to_second
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.statements import Row, Statement

# Of statements, in characters with their parameters, that wait for the next one. What is more is sent at once.
MAX_DEFERRED_CHARACTERS = 1_000_000


class Transaction:
    """One open transaction; it ends when the function that was given it returns or raises.

    ``started_at`` is when it began, to the microsecond, and ``event_time`` the same as a whole second. In a write ``event_time``
    never lies before the account's last event, and ``last_position`` is the position of that event; the account's row
    is locked until the end. ``wake`` tells workers that something became due; grant it to ``after_commit``.
    """

    __slots__ = (
        "_after",
        "_at_commit",
        "_connection",
        "_put_off",
        "_put_off_size",
        "account_id",
        "dialect",
        "event_time",
        "last_position",
        "started_at",
        "state",
        "wake",
    )

    def __init__(self, connection: Any, dialect: str, started_at: int, wake: Callable[[], None]) -> None:
        self._connection = connection
        self.dialect = dialect
        self.started_at = started_at
        self.event_time = truncate_to_second(started_at)
        self.wake = wake
        self.account_id = 0
        self.last_position = 0
        # What a module keeps for the length of the transaction, under its own name.
        self.state: dict[str, Any] = {}
        # Statements on their way to PostgreSQL, which the next one takes along.
        self._put_off: list[tuple[str, Any]] = []
        self._put_off_size = 0
        self._at_commit: list[Callable[[Transaction], None]] = []
        self._after: list[Callable[[], None]] = []

    def all(self, statement: Statement, **parameters: Any) -> list[Row]:
        """Every row of the answer."""
        compiled = statement.compiled(self.dialect)
        return compiled.rows(self._execute(compiled.text, compiled.constants, parameters))

    def one(self, statement: Statement, **parameters: Any) -> Row | None:
        """The first row of the answer, or None."""
        compiled = statement.compiled(self.dialect)
        cursor = self._execute(compiled.text, compiled.constants, parameters)
        values = cursor.fetchone()
        return None if values is None else compiled.row_factory(cursor)(values)

    def value(self, statement: Statement, **parameters: Any) -> Any:
        """The first value of the first row, or None."""
        compiled = statement.compiled(self.dialect)
        values = self._execute(compiled.text, compiled.constants, parameters).fetchone()
        return None if values is None else values[0]

    def execute(self, statement: Statement, **parameters: Any) -> int:
        """Carry out a change; returns how many rows it touched."""
        compiled = statement.compiled(self.dialect)
        touched = int(self._execute(compiled.text, compiled.constants, parameters).rowcount)
        if touched < 0 and self.dialect == "sqlite":
            # Python's SQLite does not count for a statement that begins with WITH.
            touched = int(self._connection.execute("SELECT changes()").fetchone()[0])
        return touched

    def execute_later(self, statement: Statement, **parameters: Any) -> None:
        """Carry out a change of which nothing is to be known: before whatever comes next, and at no cost of its own.

        On PostgreSQL it travels together with the next statement, since the way there and back is most of what a
        small statement costs. So what is wrong with it is raised by that one, or by the commit. What would be too much
        to keep until then is sent at once.
        """
        compiled = statement.compiled(self.dialect)
        if self.dialect == "sqlite":
            self._execute(compiled.text, compiled.constants, parameters)
        else:
            self._put_statement_off(compiled.text, {**compiled.constants, **parameters}, *parameters.values())

    def insert(self, table: Table, **values: Any) -> int:
        """Add a row to a table that numbers its rows; returns the new id.

        Ids are positive 32-bit integers, unique across accounts, so that one account's ids open nothing in another.
        """
        if self.dialect == "sqlite":
            values["id"] = self.next_ids(table, 1)[0]
            self._connection.execute(_insert_text(table.name, tuple(values), "sqlite"), tuple(values.values()))
            return int(values["id"])
        text = _insert_one_text(table, tuple(values))
        return int(self._send(text, tuple(values.values())).fetchone()[0])

    def next_ids(self, table: Table, count: int) -> Sequence[int]:
        """Take ``count`` fresh ids of a table, ascending."""
        if self.dialect == "sqlite":
            last = self._connection.execute(
                "UPDATE ids SET last_id = last_id + ? WHERE table_name = ? RETURNING last_id",
                (count, table.name),
            ).fetchone()[0]
            return range(last - count + 1, last + 1)
        rows = self._send(f"SELECT nextval('{table.name}_ids') FROM generate_series(1, %s)", (count,)).fetchall()
        return [row[0] for row in rows]

    def insert_many(self, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        """Add many rows at once, as ``execute_later`` does; each row is a tuple in the order of ``columns``."""
        if not rows:
            return
        if self.dialect == "sqlite":
            self._connection.executemany(_insert_text(table.name, columns, "sqlite"), rows)
        else:
            text = encode_rows(rows)
            self._put_statement_off(_insert_rows_text(table, columns), (text,), text)

    def before_commit(self, action: Callable[["Transaction"], None]) -> None:
        """Have something done as the last thing inside this transaction."""
        self._at_commit.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have something done once the commit has succeeded, and only then."""
        self._after.append(action)

    def flush(self) -> None:
        """Carry out what ``before_commit`` was given, and whatever else is left (for the database, which commits next)."""
        for action in self._at_commit:
            action(self)
        if self._put_off:
            self._send(*self._put_off.pop())

    def run_after_commit(self) -> None:
        """Carry out what ``after_commit`` was given (for the database, which has committed)."""
        for action in self._after:
            action()

    def _execute(self, text: str, constants: dict[str, Any], parameters: dict[str, Any]) -> Any:
        if self.dialect == "sqlite":
            for name, value in parameters.items():
                if type(value) is list:
                    parameters[name] = encode_rows(value)
        if constants:
            parameters = {**constants, **parameters}
        return self._send(text, parameters)

    def _put_statement_off(self, text: str, parameters: Any, *values: Any) -> None:
        self._put_off.append((text, parameters))
        self._put_off_size += len(text) + sum(len(value) for value in values if type(value) is str)
        if self._put_off_size > MAX_DEFERRED_CHARACTERS:
            self._send(*self._put_off.pop())

    def _send(self, text: str, parameters: Any) -> Any:
        self._put_off_size = 0
        if not self._put_off:
            return self._connection.execute(text, parameters)
        waiting, self._put_off = self._put_off, []
        with self._connection.pipeline():
            for put_off in waiting:
                self._connection.execute(*put_off)
            return self._connection.execute(text, parameters)


@cache
def _insert_text(table: str, columns: tuple[str, ...], dialect: str) -> str:
    mark = "?" if dialect == "sqlite" else "%s"
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join([mark] * len(columns))})"


@cache
def _insert_one_text(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(["id", *(f'"{column}"' for column in columns)])
    values = ", ".join([f"nextval('{table.name}_ids')", *["%s"] * len(columns)])
    return f"INSERT INTO {table.name} ({names}) VALUES ({values}) RETURNING id"


@cache
def _insert_rows_text(table: Table, columns: tuple[str, ...]) -> str:
    # As JSON, however many rows are one parameter and one round trip. Arrays of the driver cost ten times as much.
    names = ", ".join(f'"{column}"' for column in columns)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = {name: table.columns[name].type.compile(dialect).split(" COLLATE")[0] for name in columns}
    return f"INSERT INTO {table.name} ({names}) {rows_sql('postgresql', 'rows', **kinds).replace(':rows', '%s')}"
