"""How a database means to carry statements out."""

import re
from typing import Any

from sqlalchemy import text

from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

_VERBS = ("SELECT", "WITH", "UPDATE", "DELETE")


def plans_of(database: Database, statements: list[str]) -> dict[str, str]:
    """The plan of each statement that asks or changes; PostgreSQL reads no table whole where any index can serve."""
    return {one: _explain(database, one) for one in statements if one.lstrip().upper().startswith(_VERBS)}


def _explain(database: Database, statement: str) -> str:
    if database.dialect == "sqlite":
        names = re.findall(r"(?<![\w:]):(\w+)", statement)
        plan = Statement(text(f"EXPLAIN QUERY PLAN {statement}"))
        rows = database.read_now(lambda tx: tx.all(plan, **dict.fromkeys(names, "[]")))
        return "\n".join(row.detail for row in rows)
    # Of the parameters it knows the places alone: a plan that holds for any of them.
    generic = re.sub(r"%\((\w+)\)s(::\w+(\[\])?)?", _Places(), statement)
    return database.run_now(_explain_generic, generic)


class _Places:
    def __init__(self) -> None:
        self._names: dict[str, int] = {}

    def __call__(self, found: re.Match[str]) -> str:
        place = self._names.setdefault(found[1], len(self._names) + 1)
        return f"${place}{found[2] or ''}"


def _explain_generic(tx: Transaction, statement: str) -> str:
    connection: Any = tx._connection
    connection.execute("SET LOCAL enable_seqscan = off")
    return "\n".join(row[0] for row in connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}").fetchall())
