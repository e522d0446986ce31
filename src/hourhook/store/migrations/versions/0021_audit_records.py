"""Create the table of the audit trail, and store who created a webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_records",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_audit_records"),
    )
    op.create_index("ix_audit_records_resource", "audit_records", ["account_id", "resource", "resource_id", "id"])
    op.create_index("ix_audit_records_created_at", "audit_records", ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("audit_records_ids")))
    else:
        ids = sa.table("ids", sa.column("table_name"), sa.column("last_id"))
        op.bulk_insert(ids, [{"table_name": "audit_records", "last_id": 0}])
    op.add_column("webhooks", sa.Column("created_by_id", sa.Integer(), nullable=True))
