"""Create sessions, OAuth applications, authorizations and their tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBERED = ("applications", "authorizations")


def upgrade() -> None:
    op.add_column("tokens", sa.Column("authorization_id", sa.Integer(), nullable=True))
    op.add_column("tokens", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_tokens_authorization",
        "tokens",
        ["account_id", "authorization_id"],
        sqlite_where=sa.text("authorization_id IS NOT NULL"),
        postgresql_where=sa.text("authorization_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tokens_expires_at",
        "tokens",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "sessions",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_sessions_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_hash", "sessions", ["hash"])
    op.create_table(
        "applications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("secret_hash", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("site_url", TEXT, nullable=False),
        sa.Column("callback_url", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("client_id", name="uq_applications_client_id"),
    )
    op.create_table(
        "authorizations",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", TEXT, nullable=False),
        sa.Column("code_challenge", TEXT, nullable=True),
        sa.Column("redirect_uri", TEXT, nullable=True),
        sa.Column("code_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("code_used_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"], name="fk_authorizations_application_id"),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_authorizations_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_authorizations"),
        sa.UniqueConstraint("code_hash", name="uq_authorizations_code_hash"),
    )
    op.create_index("ix_authorizations_application_id", "authorizations", ["application_id"])
    op.create_index(
        "ix_authorizations_unused",
        "authorizations",
        ["code_expires_at"],
        sqlite_where=sa.text("code_used_at IS NULL"),
        postgresql_where=sa.text("code_used_at IS NULL"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "authorization_id"],
            ["authorizations.account_id", "authorizations.id"],
            name="fk_refresh_tokens_account_id_authorization_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "hash", name="pk_refresh_tokens"),
        sa.UniqueConstraint("hash", name="uq_refresh_tokens_hash"),
    )
    op.create_index(
        "ix_refresh_tokens_account_id_authorization_id", "refresh_tokens", ["account_id", "authorization_id"]
    )
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{table}_ids")))
    else:
        ids = sa.table("ids", sa.column("table_name"), sa.column("last_id"))
        op.bulk_insert(ids, [{"table_name": table, "last_id": 0} for table in NUMBERED])
