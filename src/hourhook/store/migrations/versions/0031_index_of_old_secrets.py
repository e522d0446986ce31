"""Create the index of the old secrets of webhooks, which maintenance deletes when their overlap has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    ends = sa.text("previous_secret_expires_at IS NOT NULL")
    op.create_index(
        "ix_webhooks_previous_secret",
        "webhooks",
        ["previous_secret_expires_at"],
        sqlite_where=ends,
        postgresql_where=ends,
    )
