"""Create the index by which the feed finds events of rare types."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("ix_events_account_id_type_position", "events", ["account_id", "type", "position"])
