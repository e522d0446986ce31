"""Store the settings of webhooks, a second secret during a rotation, and where a webhook that begins in the past is.

No table is rewritten: each column is null or has a constant default.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("filters", TEXT, nullable=True),
        sa.Column("headers", TEXT, nullable=True),
        sa.Column("max_per_second", sa.Integer(), nullable=True),
        sa.Column("timeout_seconds", sa.Integer(), nullable=True),
        sa.Column("batch_limit", sa.Integer(), nullable=False, server_default="1"),
    ):
        op.add_column("webhooks", column)
    for column in (
        sa.Column("is_filtered", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("paced_until", sa.BigInteger(), nullable=True),
        sa.Column("catching_up_from", sa.BigInteger(), nullable=True),
    ):
        op.add_column("lanes", column)
    op.add_column("attempts", sa.Column("header_names", TEXT, nullable=True))
    is_catching_up = sa.text("catching_up_from IS NOT NULL")
    op.create_index(
        "ix_lanes_catching_up",
        "lanes",
        ["account_id", "webhook_id"],
        sqlite_where=is_catching_up,
        postgresql_where=is_catching_up,
    )
