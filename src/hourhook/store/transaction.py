"""Transactions: execute statements, and register actions to run before or after the commit."""

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table

from hourhook.clock import truncate_to_second
from hourhook.store.executions import current_execution
from hourhook.store.rows import encode_rows, rows_of_table_sql
from hourhook.store.statements import Compiled, Row, Statement

# The limit for statements waiting to be pipelined, in characters including parameters. Beyond it they are sent.
MAX_DEFERRED_CHARACTERS = 1_000_000


# The total of a list with its parameters, as of a version of the account; see ``domain/listings.py``.
ListTotals = dict[tuple[Hashable, bytes], tuple[str, int]]


class Transaction:
    """An open transaction; it ends when the function that received it returns or raises.

    ``started_at`` is its start in microseconds, and ``event_time`` the same rounded down to a second. In a write, the
    account's row is locked until the end, ``event_time`` is never earlier than the account's last event, and
    ``last_position`` is the position of that event. ``wake`` tells workers that something became due; pass it to
    ``after_commit``. ``list_totals`` is a cache that all transactions of the database share.
    """

    __slots__ = (
        "_after_commit",
        "_before_commit",
        "_connection",
        "_deferred",
        "_deferred_characters",
        "_execution",
        "account_id",
        "dialect",
        "event_time",
        "last_position",
        "list_totals",
        "started_at",
        "state",
        "wake",
    )

    def __init__(
        self,
        connection: Any,
        dialect: str,
        started_at: int,
        wake: Callable[[], None],
        list_totals: ListTotals,
    ) -> None:
        self._connection = connection
        self._execution = current_execution()
        self.dialect = dialect
        self.started_at = started_at
        self.event_time = truncate_to_second(started_at)
        self.wake = wake
        self.list_totals = list_totals
        self.account_id = 0
        self.last_position = 0
        # State that a module keeps for the duration of the transaction, under its own key.
        self.state: dict[str, Any] = {}
        # Deferred statements, pipelined with the next one on PostgreSQL, and what takes their results.
        self._deferred: list[tuple[str, Any, Callable[[Any], None] | None]] = []
        self._deferred_characters = 0
        self._before_commit: list[Callable[[Transaction], None]] = []
        self._after_commit: list[Callable[[], None]] = []

    def all(self, statement: Statement, **parameters: Any) -> list[Row]:
        """Return all rows of the result."""
        compiled = statement.compiled(self.dialect)
        return compiled.rows(self._execute(compiled, parameters))

    def one(self, statement: Statement, **parameters: Any) -> Row | None:
        """Return the first row of the result, or None."""
        compiled = statement.compiled(self.dialect)
        cursor = self._execute(compiled, parameters)
        values = cursor.fetchone()
        return None if values is None else compiled.row_factory(cursor)(values)

    def value(self, statement: Statement, **parameters: Any) -> Any:
        """Return the first value of the first row, or None."""
        compiled = statement.compiled(self.dialect)
        values = self._execute(compiled, parameters).fetchone()
        return None if values is None else values[0]

    def execute(self, statement: Statement, **parameters: Any) -> int:
        """Execute a statement; return how many rows it changed."""
        compiled = statement.compiled(self.dialect)
        touched = int(self._execute(compiled, parameters).rowcount)
        if touched < 0 and self.dialect == "sqlite":
            # Python's sqlite3 reports no row count for a statement that begins with WITH.
            touched = int(self._connection.execute("SELECT changes()").fetchone()[0])
        return touched

    def execute_later(self, statement: Statement, **parameters: Any) -> None:
        """Queue a statement whose result is not needed; on PostgreSQL it is pipelined with the next one.

        So its errors surface in that statement, or in the commit. Most of the cost of a small statement is its round
        trip, which is saved (``docs/decisions/0024-pipelined-statements.md``). Statements that exceed the size
        limit are sent at once.
        """
        compiled = statement.compiled(self.dialect)
        if self.dialect == "sqlite":
            self._execute(compiled, parameters)
        else:
            self._defer(compiled.text, {**compiled.constants, **parameters}, *parameters.values())

    def all_later(self, statement: Statement, then: Callable[[list[Row]], None], **parameters: Any) -> None:
        """Queue a statement like ``execute_later``, and pass all rows of its result to ``then``.

        That is called with the next statement, or with the commit, before the actions of ``after_commit``.
        """
        compiled = statement.compiled(self.dialect)
        if self.dialect == "sqlite":
            then(compiled.rows(self._execute(compiled, parameters)))
        else:
            values = {**compiled.constants, **parameters}
            self._defer(compiled.text, values, *parameters.values(), then=lambda cursor: then(compiled.rows(cursor)))

    def insert(self, table: Table, **values: Any) -> int:
        """Insert a row into a table with generated ids; return its id.

        Ids are positive 32-bit integers, unique across accounts, so that an id of one account is never valid in
        another.
        """
        if self.dialect == "sqlite":
            values["id"] = self.next_ids(table, 1)[0]
            self._connection.execute(_insert_text(table.name, tuple(values), "sqlite"), tuple(values.values()))
            return int(values["id"])
        text = _insert_one_text(table, tuple(values))
        return int(self._send(text, tuple(values.values())).fetchone()[0])

    def next_ids(self, table: Table, count: int) -> Sequence[int]:
        """Reserve ``count`` new ids of a table, ascending."""
        if self.dialect == "sqlite":
            last = self._connection.execute(
                "UPDATE ids SET last_id = last_id + ? WHERE table_name = ? RETURNING last_id",
                (count, table.name),
            ).fetchone()[0]
            return range(last - count + 1, last + 1)
        rows = self._send(f"SELECT nextval('{table.name}_ids') FROM generate_series(1, %s)", (count,)).fetchall()
        return [row[0] for row in rows]

    def insert_many(self, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many rows, deferred like ``execute_later``; each row is a tuple in the order of ``columns``."""
        if not rows:
            return
        if self.dialect == "sqlite":
            self._connection.executemany(_insert_text(table.name, columns, "sqlite"), rows)
        else:
            text = encode_rows(rows)
            self._defer(_insert_rows_text(table, columns), (text,), text)

    def before_commit(self, action: Callable[["Transaction"], None]) -> None:
        """Register an action to run as the last step inside the transaction."""
        self._before_commit.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Register an action to run only once the commit has succeeded."""
        self._after_commit.append(action)

    def flush(self) -> None:
        """Run the actions of ``before_commit`` and send deferred statements; called before the commit."""
        self.prepare_commit()
        if self._deferred:
            self._send_last_deferred()

    def prepare_commit(self) -> None:
        """Run the actions of ``before_commit``; the commit by ``execute_commit`` sends deferred statements."""
        for action in self._before_commit:
            action(self)

    def execute_commit(self) -> None:
        """Commit on PostgreSQL, pipelined with deferred statements."""
        self._send("COMMIT", None)

    def run_after_commit(self) -> None:
        """Run the actions of ``after_commit``; called after the commit."""
        for action in self._after_commit:
            action()

    def _execute(self, compiled: Compiled, parameters: dict[str, Any]) -> Any:
        if self.dialect == "sqlite":
            for name, value in parameters.items():
                if type(value) is list:
                    parameters[name] = encode_rows(value)
        if compiled.constants:
            parameters = {**compiled.constants, **parameters}
        return self._send(compiled.text, parameters, **compiled.options)

    def _defer(self, text: str, parameters: Any, *values: Any, then: Callable[[Any], None] | None = None) -> None:
        self._deferred.append((text, parameters, then))
        self._deferred_characters += len(text) + sum(len(value) for value in values if type(value) is str)
        if self._deferred_characters > MAX_DEFERRED_CHARACTERS:
            self._send_last_deferred()

    def _send_last_deferred(self) -> None:
        text, parameters, then = self._deferred.pop()
        cursor = self._send(text, parameters)
        if then is not None:
            then(cursor)

    def _send(self, text: str, parameters: Any, **options: bool) -> Any:
        if self._execution is not None:
            self._execution.raise_if_interrupted()
        self._deferred_characters = 0
        if not self._deferred:
            return self._connection.execute(text, parameters, **options)
        waiting, self._deferred = self._deferred, []
        with self._connection.pipeline():
            results = [(self._connection.execute(*deferred), then) for *deferred, then in waiting]
            last = self._connection.execute(text, parameters, **options)
        for cursor, then in results:
            if then is not None:
                then(cursor)
        return last


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
    # As JSON, any number of rows is one parameter and one round trip. The driver's arrays cost ten times as much.
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table.name} ({names}) {rows_of_table_sql(table, columns, 'rows').replace(':rows', '%s')}"
