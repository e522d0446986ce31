"""Let an account have OAuth applications of its own: those that exist stay open to all accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("applications", sa.Column("account_id", sa.Integer(), nullable=True))
