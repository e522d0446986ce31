"""Find the oldest one-off delivery of a webhook that is due: the others wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

IS_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    columns = ["account_id", "webhook_id", "id"]
    op.create_index("ix_errands_order", "errands", columns, sqlite_where=IS_DUE, postgresql_where=IS_DUE)
