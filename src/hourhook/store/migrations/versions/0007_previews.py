"""Add scopes of OAuth applications, and authorizations created with a password."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("applications", sa.Column("scopes", TEXT, nullable=True))
    op.add_column("authorizations", sa.Column("token", sa.LargeBinary(), nullable=True))
    op.add_column("authorizations", sa.Column("scopes", TEXT, nullable=True))
    op.add_column("authorizations", sa.Column("note", TEXT, nullable=True))
    op.add_column("authorizations", sa.Column("note_url", TEXT, nullable=True))
    op.add_column("authorizations", sa.Column("updated_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_authorizations_account_id_user_id", "authorizations", ["account_id", "user_id"])
