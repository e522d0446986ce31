"""Column helpers and naming conventions shared by all tables."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, MetaData, String, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Text = String().with_variant(String(collation="C"), "postgresql")


def column(name: str, type_: Any, *, null: bool = False) -> Column[Any]:
    """Return a column without an automatic value, NOT NULL unless ``null`` is true."""
    return Column(name, type_, nullable=null, autoincrement=False)


def kept_count(name: str) -> Column[Any]:
    """Return the column of a number that triggers keep, from 0; no statement of ours sets it."""
    return Column(name, Integer, nullable=False, server_default="0")


def timestamps() -> tuple[Column[Any], Column[Any]]:
    """Return the columns for the time of creation and of the last change."""
    return column("created_at", BigInteger), column("updated_at", BigInteger)


def account_foreign_key(table: str, column: str) -> ForeignKeyConstraint:
    """Return a foreign key to a row of the same account."""
    return ForeignKeyConstraint(["account_id", column], [f"{table}.account_id", f"{table}.id"])


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of the rows that meet a condition, the same on both databases.

    Only SQLite's is stated: an argument for PostgreSQL would import its dialect, and migrations create the indexes.
    """
    return Index(name, *columns, unique=unique, sqlite_where=text(where))
