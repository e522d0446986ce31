"""Record the query plans of all statements that a database executes, as the code executes them.

Each statement is also run by EXPLAIN, inside a savepoint that is rolled back, and with the same parameters.
"""

import inspect
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

import psycopg
from psycopg import sql

from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.schema import metadata
from hourhook.store.transaction import Transaction

_VERBS = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
# Modules that execute statements for others.
_SHARED = ("hourhook.store.", "hourhook.domain.listings", "hourhook.domain.batching")
# SQLite counts the instructions of its virtual machine in steps of this size.
_STEP = 1000
# A statement that costs more is interrupted.
MAX_STEPS, MAX_SECONDS = 100_000, 3


@dataclass(frozen=True)
class Scan:
    """How a plan reads a table: by which index (None: sequentially), and how many rows, those filtered out included.

    SQLite reports no numbers of rows.
    """

    table: str
    index: str | None
    rows: int
    is_sequential: bool


@dataclass(frozen=True)
class Plan:
    """The plan of a statement, with its costs.

    ``name`` is the function that executes it, and ``purpose`` what the function or a caller of it says it does.
    """

    name: str
    purpose: str
    statement: str
    # custom or generic on PostgreSQL, which plans anew for the parameters or once for all; "" on SQLite.
    kind: str
    text: str
    scans: tuple[Scan, ...]
    milliseconds: float
    # Pages on PostgreSQL, instructions of the virtual machine on SQLite.
    cost: int

    @property
    def rows(self) -> int:
        """The number of rows read."""
        return sum(scan.rows for scan in self.scans)

    def __str__(self) -> str:
        return f"{self.name} ({self.kind or 'sqlite'}): {self.purpose}\n{self.statement}\n{self.text}\n"


class PlanRecorder:
    """The recorded plans; a statement is explained the first time that it is executed."""

    def __init__(self, dialect: str) -> None:
        self.plans: list[Plan] = []
        self._dialect = dialect
        self._known: set[str] = set()
        self.scene = ""

    def explain(self, connection: Any, statement: str, parameters: Any, *, is_prepared: bool) -> None:
        if statement in self._known or not _VERBS.match(statement):
            return
        self._known.add(statement)
        name, purpose = _executing_function(sys._getframe(2))
        for kind in ("",) if self._dialect == "sqlite" else ("custom", "generic")[: 1 + is_prepared]:
            connection.execute("SAVEPOINT plan")
            try:
                if not kind:
                    found = _explain_sqlite(connection, statement, parameters)
                else:
                    found = _explain_postgresql(connection, statement, parameters, is_generic=kind == "generic")
            finally:
                connection.execute("ROLLBACK TO SAVEPOINT plan")
                connection.execute("RELEASE SAVEPOINT plan")
            self.plans.append(Plan(name, purpose, " ".join(statement.split()), kind, *found))
            if found[2] >= MAX_SECONDS * 1000:
                raise DatabaseUnavailable(f"a statement was interrupted: {self.plans[-1]}")


@contextmanager
def recording_plans(database: Database) -> Iterator[PlanRecorder]:
    """Record the plans of the statements of all transactions of a database."""
    recorder = PlanRecorder(database.dialect)
    make_transaction = database._transaction

    def transaction(connection: Any) -> Transaction:
        made = make_transaction(_ExplainingConnection(connection, recorder))
        return _UndeferredTransaction(made._connection, made.dialect, made.started_at, made.wake, made.list_totals)

    database._transaction = transaction  # type: ignore[method-assign]
    yield recorder
    del database._transaction


class _UndeferredTransaction(Transaction):
    """A transaction that sends each statement at once, so that the function that executes it is on the stack."""

    __slots__ = ()

    def _defer(self, text: str, parameters: Any, *values: Any, then: Callable[[Any], None] | None = None) -> None:
        cursor = self._send(text, parameters)
        if then is not None:
            then(cursor)


class _ExplainingConnection:
    def __init__(self, connection: Any, recorder: PlanRecorder) -> None:
        self._connection = connection
        self._recorder = recorder

    def execute(self, statement: str, parameters: Any = (), **options: bool) -> Any:
        if statement != "COMMIT":
            self._recorder.explain(self._connection, statement, parameters, is_prepared=options.get("prepare", True))
        return self._connection.execute(statement, parameters, **options)

    def executemany(self, statement: str, rows: Any) -> Any:
        return self._connection.executemany(statement, rows)

    def pipeline(self) -> Any:
        return nullcontext()


def _executing_function(frame: FrameType | None) -> tuple[str, str]:
    """Return the name of the function of ours that executes a statement, and its purpose."""
    name = purpose = ""
    while frame is not None and not purpose:
        module, code = frame.f_globals.get("__name__", ""), frame.f_code
        if module.startswith("hourhook.") and not module.startswith(_SHARED) and "<" not in code.co_name:
            name = name or f"{module.removeprefix('hourhook.').replace('.', '/')}.{code.co_name}"
            purpose = _summary(module, code.co_qualname)
        frame = frame.f_back
    return name, purpose


def _summary(module: str, qualified_name: str) -> str:
    found: Any = sys.modules[module]
    for part in qualified_name.split("."):
        found = getattr(found, part, None)
    return (inspect.getdoc(found) or "").partition("\n")[0] if found is not None else ""


def _explain_sqlite(connection: Any, statement: str, parameters: Any) -> tuple[str, tuple[Scan, ...], float, int]:
    lines = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()]
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return steps > MAX_STEPS or time.perf_counter() - started_at > MAX_SECONDS

    connection.set_progress_handler(count, _STEP)
    started_at = time.perf_counter()
    try:
        with suppress(sqlite3.OperationalError):
            connection.execute(statement, parameters).fetchall()
    finally:
        connection.set_progress_handler(None, 0)
    milliseconds = (time.perf_counter() - started_at) * 1000
    return "\n".join(lines), (*_sqlite_scans(lines, statement),), milliseconds, steps * _STEP


def _sqlite_scans(lines: list[str], statement: str) -> Iterator[Scan]:
    for line in lines:
        found = re.match(r"(SCAN|SEARCH) (\w+)(?:.* USING (?:.*INDEX (\w+)|.*(PRIMARY KEY)))?", line)
        if found is None:
            continue
        table = found[2]
        alias = re.search(rf"\b(\w+) AS {table}\b", statement)
        if table not in metadata.tables and alias is not None:
            table = alias[1]
        if table in metadata.tables:
            yield Scan(table, found[3] or found[4], 0, found[1] == "SCAN")


def _explain_postgresql(
    connection: Any, statement: str, parameters: Any, *, is_generic: bool
) -> tuple[str, tuple[Scan, ...], float, int]:
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
    connection.execute(f"SET LOCAL statement_timeout = '{MAX_SECONDS}s'")
    if is_generic:
        numbered, values = _number_placeholders(statement, parameters)
        literals = sql.SQL(", ").join(sql.Literal(value) for value in values).as_string(connection)
        connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE recorded_plan AS {numbered}")
        statement, parameters = f"EXECUTE recorded_plan{f'({literals})' if values else ''}", None
    try:
        connection.execute("SAVEPOINT explaining")
        [[[found]]] = connection.execute(f"{explain} {statement}", parameters, prepare=False).fetchall()
    except psycopg.errors.QueryCanceled:
        connection.execute("ROLLBACK TO SAVEPOINT explaining")
        rows = connection.execute(f"EXPLAIN {statement}", parameters, prepare=False).fetchall()
        return "\n".join(row[0] for row in rows), (), MAX_SECONDS * 1000, 0
    finally:
        if is_generic:
            connection.execute("DEALLOCATE recorded_plan")
    plan = found["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return "\n".join(_outline(plan)), (*_scans(plan),), found["Execution Time"], pages


def _number_placeholders(statement: str, parameters: Any) -> tuple[str, list[Any]]:
    """Return a statement with numbered placeholders, and the values of its parameters in that order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name = match[1] or str(len(names))
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    numbered = re.sub(r"%%|%(?:\((\w+)\))?s", number, statement)
    return numbered, [parameters[name] if isinstance(parameters, dict) else parameters[int(name)] for name in names]


def _outline(node: dict[str, Any], depth: int = 0) -> Iterator[str]:
    parts = [node["Node Type"], node.get("Relation Name") or node.get("CTE Name") or "", node.get("Index Name") or ""]
    conditions = [
        node[name] for name in ("Index Cond", "Hash Cond", "Merge Cond", "Filter", "Join Filter") if name in node
    ]
    loops, rows = node["Actual Loops"], round(_rows_of(node))
    yield f"{'  ' * depth}{' '.join(filter(None, parts))}: {rows} rows in {loops} loops {' '.join(conditions)}"
    for child in node.get("Plans", ()):
        yield from _outline(child, depth + 1)


def _scans(node: dict[str, Any], index: str | None = None) -> Iterator[Scan]:
    children = node.get("Plans", ())
    if node["Node Type"] == "Bitmap Heap Scan":
        index = next(_indexes(node), None)
    if "Relation Name" in node and node["Node Type"] != "ModifyTable":
        is_sequential = node["Node Type"] == "Seq Scan"
        yield Scan(node["Relation Name"], node.get("Index Name") or index, round(_rows_of(node)), is_sequential)
    for child in children:
        yield from _scans(child)


def _indexes(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    for child in node.get("Plans", ()):
        yield from _indexes(child)


def _rows_of(node: dict[str, Any]) -> float:
    """Return how many rows a node read in all its loops, those filtered out included."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return float(sum(node.get(name, 0) for name in names) * node["Actual Loops"])
