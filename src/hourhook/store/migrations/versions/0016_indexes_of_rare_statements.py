"""Create indexes of one-off deliveries for retention, and of the mails, sessions and tokens of a user."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    settled, redelivered = sa.text("due_at IS NULL"), sa.text("sequence IS NOT NULL")
    op.create_index("ix_errands_settled", "errands", ["created_at"], sqlite_where=settled, postgresql_where=settled)
    op.create_index(
        "ix_errands_redelivered",
        "errands",
        ["account_id", "webhook_id", "sequence"],
        sqlite_where=redelivered,
        postgresql_where=redelivered,
    )
    for table in ("mails", "sessions", "tokens"):
        op.create_index(f"ix_{table}_account_id_user_id", table, ["account_id", "user_id"])
