"""Tables of logged work: projects and their groups, tags, entries, expenses, inbox entries and timers."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from hourhook.store.schema.columns import (
    Text,
    account_foreign_key,
    column,
    kept_count,
    metadata,
    partial_index,
    timestamps,
)

SUMMED = ("minutes", "unbillable_tags_count", "invoiced_at")

projects = Table(
    "projects",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("name", Text),
    column("name_key", Text),
    column("billable", Boolean),
    column("billing_increment", Integer),
    column("color", Text),
    column("enabled", Boolean),
    column("budgeted_minutes", Integer, null=True),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

project_access = Table(
    "project_access",
    metadata,
    column("account_id", Integer),
    column("user_id", Integer),
    column("project_id", Integer),
    PrimaryKeyConstraint("account_id", "user_id", "project_id"),
    account_foreign_key("users", "user_id"),
    account_foreign_key("projects", "project_id"),
    Index(None, "account_id", "project_id"),
    sqlite_with_rowid=False,
)

project_groups = Table(
    "project_groups",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("name", Text),
    column("name_key", Text),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

# The primary key allows a project in at most one group.
project_group_members = Table(
    "project_group_members",
    metadata,
    column("account_id", Integer),
    column("project_id", Integer),
    column("project_group_id", Integer),
    PrimaryKeyConstraint("account_id", "project_id"),
    account_foreign_key("projects", "project_id"),
    account_foreign_key("project_groups", "project_group_id"),
    Index(None, "account_id", "project_group_id"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("name", Text),
    column("name_key", Text),
    column("billable", Boolean),
    *timestamps(),
    # How many entries have it; triggers keep it.
    kept_count("entries_count"),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

entries = Table(
    "entries",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("date", Text),
    column("user_id", Integer),
    column("project_id", Integer, null=True),
    column("minutes", Integer),
    column("description", Text, null=True),
    column("description_key", Text, null=True),
    column("source_url", Text, null=True),
    column("invoiced_at", BigInteger, null=True),
    column("approved_at", BigInteger, null=True),
    column("approved_by_id", Integer, null=True),
    *timestamps(),
    # How many of its tags are unbillable; triggers keep it.
    kept_count("unbillable_tags_count"),
    PrimaryKeyConstraint("account_id", "id"),
    account_foreign_key("users", "user_id"),
    account_foreign_key("projects", "project_id"),
    # With all that sums are made of, so that these are read from the index alone.
    Index("ix_entries_by_date", "account_id", "date", "id", "user_id", "project_id", *SUMMED),
    Index("ix_entries_by_user", "account_id", "user_id", "date", "id", "project_id", *SUMMED),
    Index("ix_entries_by_project", "account_id", "project_id", "date", "id", "user_id", *SUMMED),
    partial_index("ix_entries_approved", "account_id", "approved_by_id", "id", where="approved_by_id IS NOT NULL"),
    partial_index("ix_entries_approved_at", "account_id", "approved_at", "id", where="approved_at IS NOT NULL"),
    partial_index("ix_entries_invoiced_at", "account_id", "invoiced_at", "id", where="invoiced_at IS NOT NULL"),
    Index(None, "account_id", "updated_at", "id"),
)

entry_tags = Table(
    "entry_tags",
    metadata,
    column("account_id", Integer),
    column("entry_id", Integer),
    column("tag_id", Integer),
    column("place", Integer),
    PrimaryKeyConstraint("account_id", "entry_id", "tag_id"),
    account_foreign_key("entries", "entry_id"),
    account_foreign_key("tags", "tag_id"),
    Index(None, "account_id", "tag_id", "entry_id"),
    sqlite_with_rowid=False,
)

expenses = Table(
    "expenses",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("date", Text),
    column("user_id", Integer),
    column("project_id", Integer),
    # In hundredths.
    column("price", BigInteger),
    column("taxable", Boolean),
    column("description", Text, null=True),
    column("description_key", Text, null=True),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    account_foreign_key("users", "user_id"),
    account_foreign_key("projects", "project_id"),
    Index(None, "account_id", "date", "id"),
    Index(None, "account_id", "user_id", "date", "id"),
    Index(None, "account_id", "project_id", "date", "id"),
)

inbox_entries = Table(
    "inbox_entries",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("user_id", Integer),
    column("date", Text),
    column("minutes", Integer, null=True),
    column("description", Text),
    column("description_key", Text),
    column("project_name", Text, null=True),
    column("project_name_key", Text, null=True),
    column("logged", Boolean),
    # The entry created from it. That entry may have been deleted, and its id is never reused, so this may refer to
    # nothing.
    column("entry_id", Integer, null=True),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    account_foreign_key("users", "user_id"),
    Index(None, "account_id", "user_id", "date", "id"),
    # The condition as the statements have it, or SQLite would not use it.
    partial_index("ix_inbox_entries_open", "account_id", "user_id", "date", "id", where="logged IS 0"),
)

timers = Table(
    "timers",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("user_id", Integer),
    column("project_id", Integer),
    # pending, running or paused.
    column("state", Text),
    # Up to the last pause; a running timer adds the time since ``started_at``.
    column("seconds", BigInteger),
    column("started_at", BigInteger, null=True),
    column("paused_at", BigInteger, null=True),
    column("date", Text),
    column("description", Text, null=True),
    column("description_key", Text, null=True),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "user_id", "project_id"),
    account_foreign_key("users", "user_id"),
    account_foreign_key("projects", "project_id"),
    Index(None, "account_id", "project_id"),
)
