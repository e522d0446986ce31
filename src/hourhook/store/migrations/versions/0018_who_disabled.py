"""Store since when a webhook is disabled, and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("lanes", sa.Column("disabled_at", sa.BigInteger(), nullable=True))
    op.add_column("lanes", sa.Column("disabled_by_id", sa.Integer(), nullable=True))
