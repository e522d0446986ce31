"""Tables of sums of entries and expenses, which triggers keep as their rows change.

No statement of ours writes them, so none can forget to. The triggers are in the migrations; ``domain/sums.py`` counts
again. The tables have no foreign keys: their rows come and go with those that they count.
"""

from sqlalchemy import BigInteger, Boolean, Index, Integer, PrimaryKeyConstraint, Table

from hourhook.store.schema.columns import Text, column, metadata

_SUMMED = ("has_unbillable_tag", "is_invoiced", "entries_count", "minutes")

# One row for all entries that agree in these columns; there is none for no entries.
entry_sums = Table(
    "entry_sums",
    metadata,
    column("account_id", Integer),
    # 0 for entries without a project.
    column("project_id", Integer),
    column("user_id", Integer),
    # YYYY-MM
    column("month", Text),
    column("has_unbillable_tag", Boolean),
    column("is_invoiced", Boolean),
    column("entries_count", Integer),
    column("minutes", BigInteger),
    PrimaryKeyConstraint("account_id", "project_id", "user_id", "month", "has_unbillable_tag", "is_invoiced"),
    # With all columns, so that sums of sums are read from an index alone.
    Index("ix_entry_sums_by_user", "account_id", "user_id", "month", "project_id", *_SUMMED),
    Index("ix_entry_sums_by_month", "account_id", "month", "project_id", "user_id", *_SUMMED),
    sqlite_with_rowid=False,
)

expense_sums = Table(
    "expense_sums",
    metadata,
    column("account_id", Integer),
    column("project_id", Integer),
    column("user_id", Integer),
    column("expenses_count", Integer),
    PrimaryKeyConstraint("account_id", "project_id", "user_id"),
    Index(None, "account_id", "user_id", "expenses_count"),
    sqlite_with_rowid=False,
)

# How many entries and expenses of a project are on an invoice.
project_invoices = Table(
    "project_invoices",
    metadata,
    column("account_id", Integer),
    column("project_id", Integer),
    column("invoice_id", Integer),
    column("items_count", Integer),
    PrimaryKeyConstraint("account_id", "project_id", "invoice_id"),
    Index(None, "account_id", "invoice_id"),
    sqlite_with_rowid=False,
)

KEPT_TABLES = (entry_sums, expense_sums, project_invoices)
