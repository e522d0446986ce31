"""Record when the refresh of an OAuth token was repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("repeated_at", sa.BigInteger(), nullable=True))
