"""Create accounts, logged time, webhooks and the delivery engine."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBERED = ("accounts", "users", "tokens", "projects", "tags", "entries", "webhooks", "errands")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("invoicing_enabled", sa.Boolean(), nullable=False),
        sa.Column("approvals_enabled", sa.Boolean(), nullable=False),
        sa.Column("max_users", sa.Integer(), nullable=True),
        sa.Column("max_projects", sa.Integer(), nullable=True),
        sa.Column("tag_creation_role", TEXT, nullable=False),
        sa.Column("default_billing_increment", sa.Integer(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("last_event_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "attempts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("errand_id", sa.Integer(), nullable=False),
        sa.Column("webhook_name", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("response_headers", sa.LargeBinary(), nullable=False),
        sa.Column("response_body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", "sequence", "number", "errand_id", name="pk_attempts"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_attempts_errand",
        "attempts",
        ["account_id", "errand_id"],
        unique=True,
        sqlite_where=sa.text("errand_id > 0"),
        postgresql_where=sa.text("errand_id > 0"),
    )

    op.create_table(
        "errands",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("payload_id", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=True),
        sa.Column("lease_worker", sa.BigInteger(), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_errands"),
    )
    op.create_index(
        "ix_errands_account_id_webhook_id_payload_id", "errands", ["account_id", "webhook_id", "payload_id"]
    )
    op.create_index(
        "ix_errands_account_id_webhook_id_created_at_id", "errands", ["account_id", "webhook_id", "created_at", "id"]
    )
    op.create_index(
        "ix_errands_due",
        "errands",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_errands_leased",
        "errands",
        ["lease_worker", "lease_expires_at"],
        sqlite_where=sa.text("lease_token IS NOT NULL"),
        postgresql_where=sa.text("lease_token IS NOT NULL"),
    )

    op.create_table(
        "events",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.LargeBinary(), nullable=False),
        sa.Column("object", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "position", name="pk_events"),
    )
    op.create_table(
        "lanes",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", TEXT, nullable=True),
        sa.Column("stalled", sa.Boolean(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("head_sequence", sa.BigInteger(), nullable=False),
        sa.Column("replayed_through", sa.BigInteger(), nullable=False),
        sa.Column("attempts_count", sa.Integer(), nullable=False),
        sa.Column("failures_count", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("window_started_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("last_succeeded", sa.Boolean(), nullable=False),
        sa.Column("last_delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("lost_count", sa.BigInteger(), nullable=False),
        sa.Column("lost_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=True),
        sa.Column("lease_worker", sa.BigInteger(), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", name="pk_lanes"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_lanes_due",
        "lanes",
        ["last_succeeded", "due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL AND lease_token IS NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL AND lease_token IS NULL"),
    )
    op.create_index(
        "ix_lanes_leased",
        "lanes",
        ["lease_worker", "lease_expires_at"],
        sqlite_where=sa.text("lease_token IS NOT NULL"),
        postgresql_where=sa.text("lease_token IS NOT NULL"),
    )

    op.create_table(
        "payloads",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payload_id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", "sequence", name="pk_payloads"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "projects",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("billing_increment", sa.Integer(), nullable=False),
        sa.Column("color", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("budgeted_minutes", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_projects"),
        sa.UniqueConstraint("account_id", "name_key", name="uq_projects_account_id_name_key"),
    )
    op.create_table(
        "removals",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", name="pk_removals"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "skips",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("skipped_at", sa.BigInteger(), nullable=False),
        sa.Column("skipped_by_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", "sequence", "skipped_at", name="pk_skips"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subscriptions",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "webhook_id", "event", name="pk_subscriptions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscriptions_account_id_event", "subscriptions", ["account_id", "event"])

    op.create_table(
        "tags",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_tags"),
        sa.UniqueConstraint("account_id", "name_key", name="uq_tags_account_id_name_key"),
    )
    op.create_table(
        "users",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("email_key", TEXT, nullable=False),
        sa.Column("first_name", TEXT, nullable=True),
        sa.Column("last_name", TEXT, nullable=True),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("profile_image_url", TEXT, nullable=True),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=True),
        sa.Column("time_format", TEXT, nullable=False),
        sa.Column("week_start", TEXT, nullable=False),
        sa.Column("utc_offset", sa.Integer(), nullable=False),
        sa.Column("send_personal_weekly_report_email", sa.Boolean(), nullable=False),
        sa.Column("send_team_weekly_report_email", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_users"),
        sa.UniqueConstraint("account_id", "email_key", name="uq_users_account_id_email_key"),
    )
    op.create_index("ix_users_email_key", "users", ["email_key"])

    op.create_table(
        "webhooks",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("payload_uri", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_webhooks"),
    )
    op.create_table(
        "entries",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", TEXT, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("description_key", TEXT, nullable=True),
        sa.Column("source_url", TEXT, nullable=True),
        sa.Column("invoiced_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "project_id"],
            ["projects.account_id", "projects.id"],
            name="fk_entries_account_id_project_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_entries_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_entries"),
    )
    op.create_index("ix_entries_account_id_date_id", "entries", ["account_id", "date", "id"])
    op.create_index("ix_entries_account_id_project_id_date_id", "entries", ["account_id", "project_id", "date", "id"])
    op.create_index("ix_entries_account_id_user_id_date_id", "entries", ["account_id", "user_id", "date", "id"])

    op.create_table(
        "project_access",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "project_id"],
            ["projects.account_id", "projects.id"],
            name="fk_project_access_account_id_project_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"],
            ["users.account_id", "users.id"],
            name="fk_project_access_account_id_user_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "user_id", "project_id", name="pk_project_access"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_project_access_account_id_project_id", "project_access", ["account_id", "project_id"])

    op.create_table(
        "tokens",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_tokens_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_table(
        "entry_tags",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "entry_id"],
            ["entries.account_id", "entries.id"],
            name="fk_entry_tags_account_id_entry_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "tag_id"], ["tags.account_id", "tags.id"], name="fk_entry_tags_account_id_tag_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "entry_id", "tag_id", name="pk_entry_tags"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entry_tags_account_id_tag_id_entry_id", "entry_tags", ["account_id", "tag_id", "entry_id"])
    # Ids come from sequences on PostgreSQL, and from one row per table on SQLite, which has no sequences.
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{table}_ids")))
    else:
        ids = op.create_table(
            "ids",
            sa.Column("table_name", TEXT, nullable=False),
            sa.Column("last_id", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("table_name", name="pk_ids"),
        )
        op.bulk_insert(ids, [{"table_name": table, "last_id": 0} for table in NUMBERED])
