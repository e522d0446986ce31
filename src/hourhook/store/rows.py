"""Many rows as one JSON value, for statements that work on a whole batch.

The rows are one JSON text, an array of arrays. As a parameter it is unpacked by the database, so the statement's text
does not depend on the number of rows, and one round trip is enough. As a result it is decoded here at once, several
times as fast as by the drivers (``docs/decisions/0006-rows-as-one-parameter.md``).
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import LargeBinary, Table
from sqlalchemy.types import TypeEngine

_encode = msgspec.json.Encoder().encode


def encode_rows(rows: Sequence[Any]) -> str:
    """Return the parameter value that ``rows_sql`` unpacks."""
    return _encode(rows).decode()


def rows_sql(dialect: str, parameter: str, **columns: str) -> str:
    """Return a SELECT that yields the rows passed as ``parameter``; each column is given with its SQL type."""
    if dialect == "sqlite":
        values = ", ".join(f"json_extract(value, '$[{index}]') AS {name}" for index, name in enumerate(columns))
        return f"SELECT {values} FROM json_each(:{parameter})"
    values = ", ".join(
        # JSON holds bytes in base64.
        f"decode(value ->> {index}, 'base64') AS \"{name}\""
        if kind == "BYTEA"
        else f'CAST(value ->> {index} AS {kind}) AS "{name}"'
        for index, (name, kind) in enumerate(columns.items())
    )
    return f"SELECT {values} FROM jsonb_array_elements(CAST(:{parameter} AS jsonb))"


def rows_of_table_sql(table: Table, columns: Sequence[str], parameter: str) -> str:
    """Return ``rows_sql`` for rows of a table, for PostgreSQL."""
    return rows_sql("postgresql", parameter, **{name: _postgresql_type(table.columns[name].type) for name in columns})


def _postgresql_type(column_type: TypeEngine[Any]) -> str:
    # The name in standard SQL, which needs no dialect; bytes are the only type of ours that it calls otherwise.
    return "BYTEA" if isinstance(column_type, LargeBinary) else str(column_type)


def aggregate_rows_sql(dialect: str, *columns: str) -> str:
    """Return the column expression that makes a SELECT return all its rows as one such text, unordered."""
    values = ", ".join(columns)
    if dialect == "sqlite":
        return f"json_group_array(json_array({values}))"
    return f"CAST(COALESCE(json_agg(json_build_array({values})), '[]') AS TEXT)"
