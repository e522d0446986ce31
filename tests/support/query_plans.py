"""Query plans of statements."""

import re
from typing import Any

from sqlalchemy import text

from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

_VERBS = ("SELECT", "WITH", "UPDATE", "DELETE")


def plans_of(database: Database, statements: list[str]) -> dict[str, str]:
    """Return the plan of each query, update and delete.

    On PostgreSQL, sequential scans are disabled, so a plan has one only where no index can be used.
    """
    return {
        statement: _explain(database, statement)
        for statement in statements
        if statement.lstrip().upper().startswith(_VERBS)
    }


def _explain(database: Database, statement: str) -> str:
    if database.dialect == "sqlite":
        names = re.findall(r"(?<![\w:]):(\w+)", statement)
        plan = Statement(text(f"EXPLAIN QUERY PLAN {statement}"))
        rows = database.read_now(lambda tx: tx.all(plan, **dict.fromkeys(names, "[]")))
        return "\n".join(row.detail for row in rows)
    # A generic plan, which applies to any values of the parameters, needs numbered placeholders.
    generic = re.sub(r"%\((\w+)\)s(::\w+(\[\])?)?", _Placeholders(), statement)
    return database.run_now(_explain_generic, generic)


class _Placeholders:
    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, match: re.Match[str]) -> str:
        number = self._numbers.setdefault(match[1], len(self._numbers) + 1)
        return f"${number}{match[2] or ''}"


def _explain_generic(tx: Transaction, statement: str) -> str:
    connection: Any = tx._connection
    connection.execute("SET LOCAL enable_seqscan = off")
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}").fetchall())
