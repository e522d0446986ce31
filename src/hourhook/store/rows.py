"""Many rows as one parameter, for the statements that work on a whole group at once.

The rows travel as one JSON text, an array of arrays, and are taken apart by the database. So the statement's text stays
the same however many there are, and one round trip is enough.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def as_rows(rows: Sequence[Any]) -> str:
    """The value of the parameter that ``rows_sql`` takes apart."""
    return _encode(rows).decode()


def rows_sql(dialect: str, parameter: str, **columns: str) -> str:
    """A SELECT that yields the rows passed as ``parameter``; each column is named with its SQL type."""
    if dialect == "sqlite":
        values = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
        return f"SELECT {values} FROM json_each(:{parameter})"
    values = ", ".join(
        # Bytes travel in base64.
        f"decode(value ->> {place}, 'base64') AS \"{name}\""
        if kind == "BYTEA"
        else f'CAST(value ->> {place} AS {kind}) AS "{name}"'
        for place, (name, kind) in enumerate(columns.items())
    )
    return f"SELECT {values} FROM jsonb_array_elements(CAST(:{parameter} AS jsonb))"
