"""Index what filters of entries and expenses search, because they read all of an account."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0032"
down_revision = "0031"

TABLES = ("entries", "expenses")


def upgrade() -> None:
    op.create_index("ix_entries_account_id_updated_at_id", "entries", ["account_id", "updated_at", "id"])
    for column in ("approved_at", "invoiced_at"):
        is_set = sa.text(f"{column} IS NOT NULL")
        columns = ["account_id", column, "id"]
        op.create_index(f"ix_entries_{column}", "entries", columns, sqlite_where=is_set, postgresql_where=is_set)
    _index_texts()
    _analyze()


def _analyze() -> None:
    """Gather statistics of the new indexes, if there are some: without them, SQLite would prefer these indexes."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite" and sa.inspect(connection).has_table("sqlite_stat1"):
        # Revision 29 has added indexes too.
        for table in (*TABLES, "entry_sums", "inbox_entries"):
            op.execute(f"ANALYZE {table}")


def _index_texts() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for statement in _sqlite_index(table):
                op.execute(statement)
    elif _has_trigrams():
        for table in TABLES:
            # A short list of what is still to be added, or a filter would read four megabytes of it.
            op.execute(
                f"CREATE INDEX ix_{table}_description_trigrams ON {table} USING gin (description_key gin_trgm_ops)"
                " WITH (gin_pending_list_limit = 256)"
            )


def _has_trigrams() -> bool:
    """Install the extension ``pg_trgm``; return whether the server has it and allows that."""
    connection = op.get_bind()
    if not connection.exec_driver_sql("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'").scalar():
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError:
        return False
    return True


def _sqlite_index(table: str) -> Iterator[str]:
    name, key = f"{table}_trigrams", "description_key"
    # With two spaces, each character begins a trigram, by which texts of one and two characters are found.
    yield f"CREATE VIEW {table}_texts AS SELECT id, {key} || '  ' AS {key} FROM {table} WHERE {key} IS NOT NULL"
    # Without positions: who reads it compares the texts anyway.
    yield f"""
        CREATE VIRTUAL TABLE {name} USING fts5(
            {key}, content='{table}_texts', content_rowid='id', tokenize='trigram case_sensitive 1', detail='none',
            columnsize=0
        )"""
    yield f"CREATE VIRTUAL TABLE {name}_terms USING fts5vocab({name}, instance)"
    # Rows without a text are not in the index: to remove one would make its count of rows wrong, even negative.
    add = f"INSERT INTO {name} (rowid, {key}) SELECT NEW.id, NEW.{key} || '  ' WHERE NEW.{key} IS NOT NULL;"
    remove = (
        f"INSERT INTO {name} ({name}, rowid, {key})"
        f" SELECT 'delete', OLD.id, OLD.{key} || '  ' WHERE OLD.{key} IS NOT NULL;"
    )
    yield f"CREATE TRIGGER index_{table}_insert AFTER INSERT ON {table} BEGIN {add} END"
    yield f"CREATE TRIGGER index_{table}_delete AFTER DELETE ON {table} BEGIN {remove} END"
    changed = f"UPDATE OF id, {key} ON {table} WHEN (OLD.id, OLD.{key}) IS NOT (NEW.id, NEW.{key})"
    yield f"CREATE TRIGGER index_{table}_update AFTER {changed} BEGIN {remove} {add} END"
    yield f"INSERT INTO {name} ({name}) VALUES ('rebuild')"
