"""Create teams, project groups, expenses, inbox entries and timers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBERED = ("teams", "project_groups", "expenses", "inbox_entries", "timers")


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_teams"),
        sa.UniqueConstraint("account_id", "name_key", name="uq_teams_account_id_name_key"),
    )
    op.create_table(
        "team_members",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "team_id"], ["teams.account_id", "teams.id"], name="fk_team_members_account_id_team_id"
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_team_members_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "team_id", "user_id", name="pk_team_members"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_team_members_account_id_user_id", "team_members", ["account_id", "user_id"])
    op.create_table(
        "project_groups",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_key", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_project_groups"),
        sa.UniqueConstraint("account_id", "name_key", name="uq_project_groups_account_id_name_key"),
    )
    op.create_table(
        "project_group_members",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("project_group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "project_group_id"],
            ["project_groups.account_id", "project_groups.id"],
            name="fk_project_group_members_account_id_project_group_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "project_id"],
            ["projects.account_id", "projects.id"],
            name="fk_project_group_members_account_id_project_id",
        ),
        sa.PrimaryKeyConstraint("account_id", "project_id", name="pk_project_group_members"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_project_group_members_account_id_project_group_id",
        "project_group_members",
        ["account_id", "project_group_id"],
    )
    op.create_table(
        "expenses",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", TEXT, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("taxable", sa.Boolean(), nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("description_key", TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "project_id"],
            ["projects.account_id", "projects.id"],
            name="fk_expenses_account_id_project_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_expenses_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_expenses"),
    )
    op.create_index("ix_expenses_account_id_date_id", "expenses", ["account_id", "date", "id"])
    op.create_index("ix_expenses_account_id_project_id_date_id", "expenses", ["account_id", "project_id", "date", "id"])
    op.create_index("ix_expenses_account_id_user_id_date_id", "expenses", ["account_id", "user_id", "date", "id"])
    op.create_table(
        "inbox_entries",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("date", TEXT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("description_key", TEXT, nullable=False),
        sa.Column("project_name", TEXT, nullable=True),
        sa.Column("project_name_key", TEXT, nullable=True),
        sa.Column("logged", sa.Boolean(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_inbox_entries_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_inbox_entries"),
    )
    op.create_index(
        "ix_inbox_entries_account_id_user_id_date_id", "inbox_entries", ["account_id", "user_id", "date", "id"]
    )
    op.create_table(
        "timers",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("date", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("description_key", TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "project_id"], ["projects.account_id", "projects.id"], name="fk_timers_account_id_project_id"
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.id"], name="fk_timers_account_id_user_id"
        ),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_timers"),
        sa.UniqueConstraint("account_id", "user_id", "project_id", name="uq_timers_account_id_user_id_project_id"),
    )
    op.create_index("ix_timers_account_id_project_id", "timers", ["account_id", "project_id"])
    if op.get_bind().dialect.name == "postgresql":
        for table in NUMBERED:
            op.execute(sa.schema.CreateSequence(sa.Sequence(f"{table}_ids")))
    else:
        ids = sa.table("ids", sa.column("table_name"), sa.column("last_id"))
        op.bulk_insert(ids, [{"table_name": table, "last_id": 0} for table in NUMBERED])
