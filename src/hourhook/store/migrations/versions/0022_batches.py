"""Store the batch of an attempt, since several payloads can travel in one request.

No table is rewritten: the column is null.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("batch", TEXT, nullable=True))
