"""What all tables are made of."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, MetaData, String

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
    """A column that somebody else gives its values, and that is not null unless it says so."""
    return Column(name, type_, nullable=null, autoincrement=False)


def timestamps() -> tuple[Column[Any], Column[Any]]:
    """When a row was made, and when it was changed last."""
    return column("created_at", BigInteger), column("updated_at", BigInteger)


def account_foreign_key(table: str, column: str) -> ForeignKeyConstraint:
    """A reference to a row of the same account."""
    return ForeignKeyConstraint(["account_id", column], [f"{table}.account_id", f"{table}.id"])
