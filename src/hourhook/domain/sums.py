"""Compare the kept sums with a recount, and count again (``docs/how-it-works.md#kept-sums``).

Triggers keep the sums, in the transaction that changes what they count. So they differ from a recount only if rows were
changed while triggers were switched off.
"""

from collections.abc import Mapping

from sqlalchemy import Table, text

from hourhook.store.schema import KEPT_TABLES
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# The columns that hold a count of rows of another table, and the expression that counts them.
_COUNTED_COLUMNS = {
    ("entries", "unbillable_tags_count"): """
        SELECT count(*) FROM entry_tags
        JOIN tags ON tags.account_id = entry_tags.account_id AND tags.id = entry_tags.tag_id
        WHERE entry_tags.account_id = entries.account_id AND entry_tags.entry_id = entries.id AND tags.billable IS FALSE
    """,
    ("tags", "entries_count"): """
        SELECT count(*) FROM entry_tags
        WHERE entry_tags.account_id = tags.account_id AND entry_tags.tag_id = tags.id
    """,
}
# What the rows of each table would be.
_COUNTED_TABLES = {
    "entry_sums": """
        SELECT account_id, COALESCE(project_id, 0), user_id, substr(date, 1, 7), unbillable_tags_count > 0,
            invoiced_at IS NOT NULL, count(*), sum(minutes)
        FROM entries GROUP BY 1, 2, 3, 4, 5, 6
    """,
    "expense_sums": "SELECT account_id, project_id, user_id, count(*) FROM expenses GROUP BY 1, 2, 3",
    "project_invoices": """
        SELECT account_id, project_id, invoice_id, count(*) FROM (
            SELECT entries.account_id, project_id, invoice_id FROM invoice_entries
            JOIN entries ON entries.account_id = invoice_entries.account_id AND entries.id = entry_id
            UNION ALL SELECT expenses.account_id, project_id, invoice_id FROM invoice_expenses
            JOIN expenses ON expenses.account_id = invoice_expenses.account_id AND expenses.id = expense_id
        ) AS items WHERE project_id IS NOT NULL GROUP BY 1, 2, 3
    """,
}


def find_differences(tx: Transaction) -> Mapping[str, int]:
    """Return how many sums differ from a recount, by the name of their table or column, for those where some do."""
    found = {name: int(tx.value(statement)) for name, statement in _DIFFERENCES.items()}
    return {name: count for name, count in found.items() if count}


def recount(tx: Transaction) -> None:
    """Count all sums again, of all accounts."""
    for statement in _RECOUNT:
        tx.execute(statement)


def _differences(table: Table) -> Statement:
    columns = ", ".join(column.name for column in table.c)
    kept, counted = f"SELECT {columns} FROM {table.name}", _COUNTED_TABLES[table.name]
    return Statement(
        text(f"""
            SELECT count(*) FROM (
                SELECT * FROM ({kept} EXCEPT {counted}) AS wrong
                UNION ALL SELECT * FROM ({counted} EXCEPT {kept}) AS missing
            ) AS different
        """)
    )


_DIFFERENCES = {
    **{
        f"{table}.{column}": Statement(text(f"SELECT count(*) FROM {table} WHERE {column} <> ({counted})"))
        for (table, column), counted in _COUNTED_COLUMNS.items()
    },
    **{table.name: _differences(table) for table in KEPT_TABLES},
}
# First the columns, because their triggers change a table of sums.
_RECOUNT = [
    *(
        Statement(text(f"UPDATE {table} SET {column} = ({counted}) WHERE {column} <> ({counted})"))
        for (table, column), counted in _COUNTED_COLUMNS.items()
    ),
    *(
        statement
        for table in KEPT_TABLES
        for statement in (
            Statement(text(f"DELETE FROM {table.name}")),
            Statement(text(f"INSERT INTO {table.name} {_COUNTED_TABLES[table.name]}")),
        )
    ),
]
