"""Many rows as one parameter, for the statements that work on a whole group at once.

The rows travel as one JSON text, an array of arrays, and are taken apart by the database. So the statement's text stays
the same however many there are, and one round trip is enough.
"""

import json
from collections.abc import Sequence
from typing import Any


def as_rows(rows: Sequence[Sequence[Any]]) -> str:
    """The value of the parameter that ``rows_sql`` takes apart."""
    return json.dumps(rows, separators=(",", ":"))


def rows_sql(dialect: str, parameter: str, **columns: str) -> str:
    """A SELECT that yields the rows passed as ``parameter``; each column is named with its SQL type."""
    if dialect == "sqlite":
        values = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
        return f"SELECT {values} FROM json_each(:{parameter})"
    values = ", ".join(
        f"CAST(value ->> {place} AS {kind}) AS {name}" for place, (name, kind) in enumerate(columns.items())
    )
    return f"SELECT {values} FROM jsonb_array_elements(CAST(:{parameter} AS jsonb))"
