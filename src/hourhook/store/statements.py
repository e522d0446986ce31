"""SQL that is built once and executed on the driver itself.

Building a query with SQLAlchemy Core and having its engine execute it costs more than most of our queries do. So a
``Statement`` compiles its construct once per database, and a transaction hands the text to the driver. Lists travel as
one parameter (``any_of``), never as a varying number of them, so that every text stays the same and is prepared once.
"""

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, Self

from sqlalchemy import BigInteger, Boolean, ColumnElement, Executable, Integer, Select, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class Row(Protocol):
    """One row of an answer: its columns are attributes."""

    def __getattr__(self, name: str, /) -> Any: ...


DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.psycopg.dialect(),  # type: ignore[no-untyped-call]
}


class Statement:
    """One SQL construct, compiled on first use for each database it meets.

    Where the databases need texts of their own, ``postgresql`` stands in for ``construct`` there.
    """

    __slots__ = ("_compiled", "_constructs")

    def __init__(self, construct: Executable, postgresql: Executable | None = None) -> None:
        self._constructs = {
            "sqlite": construct,
            "postgresql": construct if postgresql is None else postgresql,
        }
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect: str) -> "Compiled":
        """The text for one database, with what turns its rows into ``Row``."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = Compiled(self._constructs[dialect], dialect)
        return found


class Compiled:
    """The text of a statement for one database, its fixed parameters, and the shape of its rows."""

    __slots__ = ("_make_row", "constants", "text")

    def __init__(self, construct: Executable, dialect: str) -> None:
        compiled = construct.compile(dialect=DIALECTS[dialect])  # type: ignore[attr-defined]
        self.text = str(compiled)
        # Literals of the construct travel as parameters; those that have no value are the caller's to give.
        self.constants = {name: value for name, value in compiled.params.items() if value is not None}
        columns = [(entry.name, entry.type) for entry in getattr(compiled, "_result_columns", [])]
        self._make_row = _row_maker(columns, dialect) if columns else None

    def rows(self, cursor: Any) -> list[Any]:
        """Every row that a driver's cursor has to offer."""
        return [*map(self.row_factory(cursor), cursor.fetchall())]

    def row_factory(self, cursor: Any) -> Callable[[Any], Any]:
        """What turns the driver's rows into ours."""
        if self._make_row is None:
            # A textual statement: only the driver knows its columns.
            self._make_row = _row_class(tuple(column[0] for column in cursor.description))._make
        return self._make_row


def _row_maker(columns: list[tuple[str, Any]], dialect: str) -> Callable[[Any], Any]:
    make: Callable[[Any], Any] = _row_class(tuple(name for name, _ in columns))._make
    booleans = [place for place, (_, type_) in enumerate(columns) if isinstance(type_, Boolean)]
    if dialect != "sqlite" or not booleans:
        return make

    def with_booleans(values: Any) -> Any:
        # SQLite has no booleans: it answers 0 and 1.
        changed = list(values)
        for place in booleans:
            if changed[place] is not None:
                changed[place] = changed[place] == 1
        return make(changed)

    return with_booleans


@cache
def _row_class(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)


class any_of(ColumnElement[bool]):  # noqa: N801 - reads as SQL does
    """``column = any of the list`` that is passed as the parameter ``name``."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter: Any = bindparam(name)

    def self_group(self, against: Any = None) -> Self:
        """It is a condition as it stands: made into ``… = 1`` for SQLite, no index would serve it."""
        return self


@compiles(any_of, "sqlite")
def _any_of_sqlite(element: any_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = compiler.process(element.column, **kw), compiler.process(element.parameter, **kw)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"


@compiles(any_of, "postgresql")
def _any_of_postgresql(element: any_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, parameter = compiler.process(element.column, **kw), compiler.process(element.parameter, **kw)
    kind = "BIGINT" if isinstance(element.column.type, Integer | BigInteger) else "TEXT"
    return f"{column} = ANY(CAST({parameter} AS {kind}[]))"


class in_subquery(ColumnElement[bool]):  # noqa: N801 - reads as SQL does
    """``column`` is one of what a small SELECT of a single column yields, which is asked first and once.

    Asked as ``IN (SELECT …)``, PostgreSQL may walk through a large table in its order instead, looking for the few.
    """

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], few: Select[Any]) -> None:
        self.column = column
        self.few: Any = few.scalar_subquery()

    def self_group(self, against: Any = None) -> Self:
        """It is a condition as it stands: made into ``… = 1`` for SQLite, no index would serve it."""
        return self


@compiles(in_subquery, "sqlite")
def _one_of_sqlite(element: in_subquery, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} IN {compiler.process(element.few, **kw)}"


@compiles(in_subquery, "postgresql")
def _one_of_postgresql(element: in_subquery, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} = ANY(ARRAY{compiler.process(element.few, **kw)})"


class contains(ColumnElement[bool]):  # noqa: N801 - reads as SQL does
    """``column`` contains the text that is passed as the parameter ``name``, to the letter."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.parameter: Any = bindparam(name)

    def self_group(self, against: Any = None) -> Self:
        """It is a condition as it stands: made into ``… = 1`` for SQLite, no index would serve it."""
        return self


@compiles(contains, "sqlite")
def _contains_sqlite(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({compiler.process(element.column, **kw)}, {compiler.process(element.parameter, **kw)}) > 0"


@compiles(contains, "postgresql")
def _contains_postgresql(element: contains, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strpos({compiler.process(element.column, **kw)}, {compiler.process(element.parameter, **kw)}) > 0"
