"""Store test events with their one-off deliveries: they are in no log, and are shown as they were sent."""

import sqlalchemy as sa
from alembic import op

from hourhook.store.schema.columns import Text

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("errands", sa.Column("type", Text, nullable=True))
    op.add_column("errands", sa.Column("changes", sa.LargeBinary(), nullable=True))
    op.add_column("errands", sa.Column("object", sa.LargeBinary(), nullable=True))
