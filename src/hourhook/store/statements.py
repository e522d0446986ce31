"""SQL statements that are compiled once and executed directly on the driver.

Building a query with SQLAlchemy Core and executing it through its engine costs more than most of our queries. So a
``Statement`` compiles its construct once per database, and a transaction passes the text to the driver. A list is
passed as one parameter (``any_of``), so the text does not depend on its length and is prepared once
(``docs/decisions/0005-core-on-the-driver.md``).
"""

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, Self, cast

from sqlalchemy import BigInteger, Boolean, ColumnElement, CompoundSelect, Executable, Integer, Select, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class Row(Protocol):
    """One row of a result, with its columns as attributes."""

    def __getattr__(self, name: str, /) -> Any: ...


@cache
def _dialect(name: str) -> Dialect:
    # Imported on first use: a process needs only one of them, and their imports take long.
    if name == "sqlite":
        from sqlalchemy.dialects import sqlite

        dialect: Any = sqlite.dialect(paramstyle="named")
        # It would leave out hints such as ``INDEXED BY``.
        with_hints = {"get_from_hint_text": lambda _, table, hint: hint}
        dialect.statement_compiler = type("Compiler", (dialect.statement_compiler,), with_hints)
        return cast(Dialect, dialect)
    from sqlalchemy.dialects import postgresql

    return postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


class Statement:
    """An SQL construct, compiled on first use for each database.

    If the databases need different texts, ``postgresql`` replaces ``construct`` there. With ``replan``, PostgreSQL
    plans it for the values of its parameters each time it is executed; otherwise once, for any values. That is right
    only if each table is searched by a whole key: the one plan suits an average account, and a large account may have a
    thousand times its rows.
    """

    __slots__ = ("_compiled", "_constructs", "_replan")

    def __init__(self, construct: Executable, postgresql: Executable | None = None, *, replan: bool = False) -> None:
        self._constructs = {
            "sqlite": construct,
            "postgresql": construct if postgresql is None else postgresql,
        }
        self._compiled: dict[str, Compiled] = {}
        self._replan = replan

    def compiled(self, dialect: str) -> "Compiled":
        """Return the compiled statement for a database."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = Compiled(self._constructs[dialect], dialect, replan=self._replan)
        return found


class Compiled:
    """The text of a statement for one database, its constant parameters, the driver's options, and its row type."""

    __slots__ = ("_make_row", "constants", "options", "text")

    def __init__(self, construct: Executable, dialect: str, *, replan: bool) -> None:
        compiled = construct.compile(dialect=_dialect(dialect))  # type: ignore[attr-defined]
        self.text = str(compiled)
        # Literals of the construct are passed as parameters; those without a value come from the caller.
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}
        # The driver's options: a statement that it does not prepare is planned each time.
        self.options = {"prepare": False} if replan and dialect == "postgresql" else {}
        columns = [(entry.name, entry.type) for entry in getattr(compiled, "_result_columns", [])]
        self._make_row = _row_maker(columns, dialect) if columns else None

    def rows(self, cursor: Any) -> list[Any]:
        """Return all rows of a driver's cursor."""
        return [*map(self.row_factory(cursor), cursor.fetchall())]

    def row_factory(self, cursor: Any) -> Callable[[Any], Any]:
        """Return the function that converts the driver's rows to ``Row``."""
        if self._make_row is None:
            # A textual statement: only the driver knows its columns.
            self._make_row = _row_class(tuple(column[0] for column in cursor.description))._make
        return self._make_row


def _row_maker(columns: list[tuple[str, Any]], dialect: str) -> Callable[[Any], Any]:
    make: Callable[[Any], Any] = _row_class(tuple(name for name, _ in columns))._make
    booleans = [index for index, (_, column_type) in enumerate(columns) if isinstance(column_type, Boolean)]
    if dialect != "sqlite" or not booleans:
        return make

    def with_booleans(values: Any) -> Any:
        # SQLite has no booleans: it returns 0 and 1.
        changed = list(values)
        for index in booleans:
            if changed[index] is not None:
                changed[index] = changed[index] == 1
        return make(changed)

    return with_booleans


@cache
def _row_class(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)


class _Condition(ColumnElement[bool]):
    """A condition that is written differently for each database."""

    inherit_cache = False
    type = Boolean()

    def self_group(self, against: Any = None) -> Self:
        """Return the condition unchanged: as ``… = 1``, which SQLite would get otherwise, no index would be used."""
        return self


class any_of(_Condition):  # noqa: N801 - reads as SQL does
    """``column = ANY(list)``; the list is passed as the parameter ``name``."""

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter: Any = bindparam(name)


@compiles(any_of, "sqlite")
def _any_of_sqlite(element: any_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = compiler.process(element.column, **kw), compiler.process(element.parameter, **kw)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"


@compiles(any_of, "postgresql")
def _any_of_postgresql(element: any_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = compiler.process(element.column, **kw), compiler.process(element.parameter, **kw)
    kind = "BIGINT" if isinstance(element.column.type, Integer | BigInteger) else "TEXT"
    return f"{column} = ANY(CAST({parameter} AS {kind}[]))"


class in_subquery(_Condition):  # noqa: N801 - reads as SQL does
    """``column IN (SELECT …)`` for a small SELECT of one column that is evaluated first and once.

    With a plain ``IN (SELECT …)``, PostgreSQL may scan a large table in order instead.
    """

    def __init__(self, column: ColumnElement[Any], few: Select[Any] | CompoundSelect[Any]) -> None:
        self.column = column
        self.few: Any = few.scalar_subquery()


@compiles(in_subquery, "sqlite")
def _in_subquery_sqlite(element: in_subquery, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} IN {compiler.process(element.few, **kw)}"


@compiles(in_subquery, "postgresql")
def _in_subquery_postgresql(element: in_subquery, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} = ANY(ARRAY{compiler.process(element.few, **kw)})"


class contains(_Condition):  # noqa: N801 - reads as SQL does
    """``column`` contains the text passed as the parameter ``name``, literally."""

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter: Any = bindparam(name)


@compiles(contains, "sqlite")
def _contains_sqlite(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({compiler.process(element.column, **kw)}, {compiler.process(element.parameter, **kw)}) > 0"


@compiles(contains, "postgresql")
def _contains_postgresql(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    # Not ``strpos``, for which no index is used. Its wildcards are escaped; a percent sign is doubled for the driver.
    text = compiler.process(element.parameter, **kw)
    for character in ("\\", "%%", "_"):
        text = f"replace({text}, '{character}', '\\{character}')"
    return f"{compiler.process(element.column, **kw)} LIKE '%%' || {text} || '%%'"


class day_number(ColumnElement[int]):  # noqa: N801 - reads as SQL does
    """The number of days from the first day of the year 1, a Monday, to a date in ``column`` (``YYYY-MM-DD``)."""

    inherit_cache = False
    type = Integer()

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column


@compiles(day_number, "sqlite")
def _day_number_sqlite(element: day_number, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(julianday({compiler.process(element.column, **kw)}) - 1721425.5 AS INTEGER)"


@compiles(day_number, "postgresql")
def _day_number_postgresql(element: day_number, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(CAST({compiler.process(element.column, **kw)} AS DATE) - DATE '0001-01-01')"
