"""Create the index of attempts that were not accepted, which the delivery log reads by answer."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    is_refused = sa.text("status IS NULL OR status NOT BETWEEN 200 AND 299")
    op.create_index(
        "ix_attempts_refused",
        "attempts",
        ["account_id", "webhook_id", "sequence", "status"],
        sqlite_where=is_refused,
        postgresql_where=is_refused,
    )
