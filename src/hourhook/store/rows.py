"""Many rows as one value, for the statements that work on a whole group at once.

The rows travel as one JSON text, an array of arrays. As a parameter they are taken apart by the database: so the
statement's text stays the same however many there are, and one round trip is enough. As an answer they are taken apart
here, in one go: the drivers take several times as long for as many rows.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def encode_rows(rows: Sequence[Any]) -> str:
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


def aggregate_rows_sql(dialect: str, *columns: str) -> str:
    """What a SELECT answers to yield all its rows as one such text, in no order."""
    values = ", ".join(columns)
    if dialect == "sqlite":
        return f"json_group_array(json_array({values}))"
    return f"CAST(COALESCE(json_agg(json_build_array({values})), '[]') AS TEXT)"
