"""Store what has been reported about the trouble of a lane. Null columns: no table is rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("lanes", sa.Column("alerted", TEXT, nullable=True))
    op.add_column("lanes", sa.Column("alert_since", sa.BigInteger(), nullable=True))
    is_due = sa.text("alert_since IS NOT NULL")
    op.create_index("ix_lanes_alerts", "lanes", ["alert_since"], sqlite_where=is_due, postgresql_where=is_due)
