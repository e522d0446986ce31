"""Create the tables of rehearsals: receivers of this server, and what they received in the last 24 hours."""

import sqlalchemy as sa
from alembic import op

from hourhook.store.schema.columns import Text

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "rehearsals",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("answer", Text, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", name=op.f("pk_rehearsals")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_rehearsals_key"), "rehearsals", ["key"], unique=True)
    op.create_table(
        "rehearsal_requests",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("answer", Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", "number", name=op.f("pk_rehearsal_requests")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_rehearsal_requests_received_at"), "rehearsal_requests", ["received_at"])
