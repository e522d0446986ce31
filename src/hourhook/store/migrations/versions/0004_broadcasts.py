"""Create broadcast receivers, their subjects and pending broadcasts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "broadcast_receivers",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("payload_uri", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_broadcast_receivers"),
    )
    op.create_index("ix_broadcast_receivers_account_id_user_id", "broadcast_receivers", ["account_id", "user_id"])
    op.create_table(
        "broadcast_subjects",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("broadcast_receiver_id", sa.Integer(), nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "broadcast_receiver_id", "subject", name="pk_broadcast_subjects"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "broadcasts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("broadcast_receiver_id", sa.Integer(), nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("last_event", TEXT, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "broadcast_receiver_id", "url", name="pk_broadcasts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_broadcasts_waiting_since", "broadcasts", ["waiting_since"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("broadcast_receivers_ids")))
    else:
        ids = sa.table("ids", sa.column("table_name"), sa.column("last_id"))
        op.bulk_insert(ids, [{"table_name": "broadcast_receivers", "last_id": 0}])
