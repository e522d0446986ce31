"""Create the index of entries by the user who approved them, which deleting a user reads."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    approved = sa.text("approved_by_id IS NOT NULL")
    op.create_index(
        "ix_entries_approved",
        "entries",
        ["account_id", "approved_by_id", "id"],
        sqlite_where=approved,
        postgresql_where=approved,
    )
