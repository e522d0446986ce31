"""Add to the indexes of entries and of their sums what is summed up, and create the index of the open inbox."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_OF_ENTRIES = ("minutes", "unbillable_tags_count", "invoiced_at")
_OF_SUMS = ("has_unbillable_tag", "is_invoiced", "entries_count", "minutes")
# By table: the indexes to drop, and those that replace them.
_REPLACED = {
    "entries": (
        (
            "ix_entries_account_id_date_id",
            "ix_entries_account_id_user_id_date_id",
            "ix_entries_account_id_project_id_date_id",
        ),
        {
            "ix_entries_by_date": ("date", "id", "user_id", "project_id", *_OF_ENTRIES),
            "ix_entries_by_user": ("user_id", "date", "id", "project_id", *_OF_ENTRIES),
            "ix_entries_by_project": ("project_id", "date", "id", "user_id", *_OF_ENTRIES),
        },
    ),
    "entry_sums": (
        ("ix_entry_sums_account_id_user_id_month_entries_count", "ix_entry_sums_account_id_month"),
        {
            "ix_entry_sums_by_user": ("user_id", "month", "project_id", *_OF_SUMS),
            "ix_entry_sums_by_month": ("month", "project_id", "user_id", *_OF_SUMS),
        },
    ),
}


def upgrade() -> None:
    for table, (dropped, created) in _REPLACED.items():
        for name in dropped:
            op.drop_index(name, table)
        for name, columns in created.items():
            op.create_index(name, table, ["account_id", *columns])
    op.create_index(
        "ix_inbox_entries_open",
        "inbox_entries",
        ["account_id", "user_id", "date", "id"],
        # As the statements have it, or SQLite would not use it.
        sqlite_where=sa.text("logged IS 0"),
        postgresql_where=sa.text("logged IS FALSE"),
    )
