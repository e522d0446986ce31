"""Every table. Moments are BIGINT microseconds, dates text, decimals integers in hundredths.

``account_id`` leads every key, so that accounts can be spread over a sharded PostgreSQL. Ids are unique across
accounts all the same (see ``Transaction.insert``). A ``…_key`` column holds the casefolded form of its neighbour, for
comparing, searching and sorting alike on both databases.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Text = String().with_variant(String(collation="C"), "postgresql")


def _column(name: str, type_: Any, *, null: bool = False) -> Column[Any]:
    return Column(name, type_, nullable=null, autoincrement=False)


def _moments() -> tuple[Column[Any], Column[Any]]:
    return _column("created_at", BigInteger), _column("updated_at", BigInteger)


def _belongs_to(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["account_id", column], [f"{table}.account_id", f"{table}.id"])


accounts = Table(
    "accounts",
    metadata,
    _column("id", Integer),
    _column("name", Text),
    _column("owner_id", Integer, null=True),
    _column("invoicing_enabled", Boolean),
    _column("approvals_enabled", Boolean),
    _column("max_users", Integer, null=True),
    _column("max_projects", Integer, null=True),
    _column("tag_creation_role", Text),
    _column("default_billing_increment", Integer),
    _column("is_locked", Boolean),
    # The event log's counters live in the row that every write locks first.
    _column("last_position", BigInteger),
    _column("last_event_at", BigInteger),
    *_moments(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

users = Table(
    "users",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("email", Text),
    _column("email_key", Text),
    _column("first_name", Text, null=True),
    _column("last_name", Text, null=True),
    _column("name_key", Text),
    _column("profile_image_url", Text, null=True),
    _column("role", Text),
    _column("state", Text),
    _column("password_hash", Text, null=True),
    _column("time_format", Text),
    _column("week_start", Text),
    _column("utc_offset", Integer),
    _column("send_personal_weekly_report_email", Boolean),
    _column("send_team_weekly_report_email", Boolean),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "email_key"),
    Index(None, "email_key"),
)

tokens = Table(
    "tokens",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("user_id", Integer),
    _column("name", Text, null=True),
    # SHA-256 of the token, hexadecimal; the token itself is never stored.
    _column("hash", Text),
    _column("created_at", BigInteger),
    _column("last_used_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("hash"),
    _belongs_to("users", "user_id"),
)

projects = Table(
    "projects",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("name", Text),
    _column("name_key", Text),
    _column("billable", Boolean),
    _column("billing_increment", Integer),
    _column("color", Text),
    _column("enabled", Boolean),
    _column("budgeted_minutes", Integer, null=True),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

project_access = Table(
    "project_access",
    metadata,
    _column("account_id", Integer),
    _column("user_id", Integer),
    _column("project_id", Integer),
    PrimaryKeyConstraint("account_id", "user_id", "project_id"),
    _belongs_to("users", "user_id"),
    _belongs_to("projects", "project_id"),
    Index(None, "account_id", "project_id"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("name", Text),
    _column("name_key", Text),
    _column("billable", Boolean),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

entries = Table(
    "entries",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("date", Text),
    _column("user_id", Integer),
    _column("project_id", Integer, null=True),
    _column("minutes", Integer),
    _column("description", Text, null=True),
    _column("description_key", Text, null=True),
    _column("source_url", Text, null=True),
    _column("invoiced_at", BigInteger, null=True),
    _column("approved_at", BigInteger, null=True),
    _column("approved_by_id", Integer, null=True),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    _belongs_to("users", "user_id"),
    _belongs_to("projects", "project_id"),
    Index(None, "account_id", "date", "id"),
    Index(None, "account_id", "user_id", "date", "id"),
    Index(None, "account_id", "project_id", "date", "id"),
)

entry_tags = Table(
    "entry_tags",
    metadata,
    _column("account_id", Integer),
    _column("entry_id", Integer),
    _column("tag_id", Integer),
    _column("place", Integer),
    PrimaryKeyConstraint("account_id", "entry_id", "tag_id"),
    _belongs_to("entries", "entry_id"),
    _belongs_to("tags", "tag_id"),
    Index(None, "account_id", "tag_id", "entry_id"),
    sqlite_with_rowid=False,
)

teams = Table(
    "teams",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("name", Text),
    _column("name_key", Text),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

team_members = Table(
    "team_members",
    metadata,
    _column("account_id", Integer),
    _column("team_id", Integer),
    _column("user_id", Integer),
    PrimaryKeyConstraint("account_id", "team_id", "user_id"),
    _belongs_to("teams", "team_id"),
    _belongs_to("users", "user_id"),
    Index(None, "account_id", "user_id"),
    sqlite_with_rowid=False,
)

project_groups = Table(
    "project_groups",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("name", Text),
    _column("name_key", Text),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

# A project is in one group at most, as the key has it.
project_group_members = Table(
    "project_group_members",
    metadata,
    _column("account_id", Integer),
    _column("project_id", Integer),
    _column("project_group_id", Integer),
    PrimaryKeyConstraint("account_id", "project_id"),
    _belongs_to("projects", "project_id"),
    _belongs_to("project_groups", "project_group_id"),
    Index(None, "account_id", "project_group_id"),
    sqlite_with_rowid=False,
)

expenses = Table(
    "expenses",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("date", Text),
    _column("user_id", Integer),
    _column("project_id", Integer),
    # In hundredths.
    _column("price", BigInteger),
    _column("taxable", Boolean),
    _column("description", Text, null=True),
    _column("description_key", Text, null=True),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    _belongs_to("users", "user_id"),
    _belongs_to("projects", "project_id"),
    Index(None, "account_id", "date", "id"),
    Index(None, "account_id", "user_id", "date", "id"),
    Index(None, "account_id", "project_id", "date", "id"),
)

inbox_entries = Table(
    "inbox_entries",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("user_id", Integer),
    _column("date", Text),
    _column("minutes", Integer, null=True),
    _column("description", Text),
    _column("description_key", Text),
    _column("project_name", Text, null=True),
    _column("project_name_key", Text, null=True),
    _column("logged", Boolean),
    # The entry it became. It may be deleted since, and its id is never used again: so this points at nothing then.
    _column("entry_id", Integer, null=True),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    _belongs_to("users", "user_id"),
    Index(None, "account_id", "user_id", "date", "id"),
)

timers = Table(
    "timers",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("user_id", Integer),
    _column("project_id", Integer),
    # pending, running or paused.
    _column("state", Text),
    # Until it was paused the last time; what runs has the time since ``started_at`` on top.
    _column("seconds", BigInteger),
    _column("started_at", BigInteger, null=True),
    _column("paused_at", BigInteger, null=True),
    _column("date", Text),
    _column("description", Text, null=True),
    _column("description_key", Text, null=True),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "user_id", "project_id"),
    _belongs_to("users", "user_id"),
    _belongs_to("projects", "project_id"),
    Index(None, "account_id", "project_id"),
)

invoices = Table(
    "invoices",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    # unpaid, awaiting_payment, in_progress, paid or none.
    _column("state", Text),
    _column("reference", Text),
    _column("reference_key", Text),
    _column("invoice_date", Text),
    _column("project_name", Text),
    _column("project_name_key", Text),
    _column("company_name", Text),
    _column("company_name_key", Text),
    _column("company_details", Text),
    _column("company_details_key", Text),
    _column("recipient_details", Text),
    _column("recipient_details_key", Text),
    _column("description", Text),
    _column("description_key", Text),
    _column("footer", Text),
    _column("footer_key", Text),
    _column("show_hours_worked", Boolean),
    _column("show_full_report", Boolean),
    _column("show_user_summaries", Boolean),
    _column("show_project_summaries", Boolean),
    _column("show_project_name_for_expenses", Boolean),
    # The words that are printed, as a JSON object: nothing is searched in them.
    _column("labels", Text),
    _column("locale", Text),
    _column("currency_code", Text),
    _column("currency_symbol", Text),
    _column("currency_symbol_key", Text),
    _column("custom_html", Text, null=True),
    _column("allow_paypal_invoice", Boolean),
    _column("paypal_invoice_title", Text, null=True),
    _column("paypal_currency_code", Text),
    _column("paypal_address", Text, null=True),
    _column("allow_stripe_connect_payment", Boolean),
    _column("stripe_connect_payment_description", Text, null=True),
    _column("stripe_connect_currency_code", Text),
    # When the labels, or anything from there to here, changed last.
    _column("customized_at", BigInteger),
    _column("calculation_method", Text),
    # In hundredths, as every amount here.
    _column("standard_hourly_rate", BigInteger, null=True),
    _column("flat_rate", BigInteger, null=True),
    _column("taxable_amount", BigInteger),
    _column("taxfree_amount", BigInteger),
    _column("tax_total_amount", BigInteger),
    _column("total_amount", BigInteger),
    # Of the payment; null until it is paid.
    _column("paid_at", BigInteger, null=True),
    _column("payment_reference", Text, null=True),
    _column("payment_method", Text, null=True),
    # What opens its public page: 25 lower-case letters and digits.
    _column("share_token", Text),
    *_moments(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("share_token"),
    Index(None, "account_id", "invoice_date", "id"),
)

invoice_taxes = Table(
    "invoice_taxes",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("invoice_id", Integer),
    _column("name", Text, null=True),
    # In hundredths of a percent.
    _column("percentage", Integer),
    PrimaryKeyConstraint("account_id", "id"),
    _belongs_to("invoices", "invoice_id"),
    Index(None, "account_id", "invoice_id", "id"),
)

# What the hours of some users cost. The user may be deleted since, and had no hours then: so this points at nobody.
invoice_hourly_rates = Table(
    "invoice_hourly_rates",
    metadata,
    _column("account_id", Integer),
    _column("invoice_id", Integer),
    _column("user_id", Integer),
    _column("hourly_rate", BigInteger),
    _column("place", Integer),
    PrimaryKeyConstraint("account_id", "invoice_id", "user_id"),
    _belongs_to("invoices", "invoice_id"),
    sqlite_with_rowid=False,
)

invoice_payment_transactions = Table(
    "invoice_payment_transactions",
    metadata,
    _column("account_id", Integer),
    _column("invoice_id", Integer),
    # 1, 2, 3 and so on.
    _column("number", Integer),
    _column("created_at", BigInteger),
    _column("description", Text),
    _column("payment_method", Text, null=True),
    _column("reference", Text, null=True),
    _column("invoice_state", Text),
    PrimaryKeyConstraint("account_id", "invoice_id", "number"),
    _belongs_to("invoices", "invoice_id"),
    sqlite_with_rowid=False,
)

# An entry is on one invoice at most, as the key has it; so is an expense.
invoice_entries = Table(
    "invoice_entries",
    metadata,
    _column("account_id", Integer),
    _column("entry_id", Integer),
    _column("invoice_id", Integer),
    PrimaryKeyConstraint("account_id", "entry_id"),
    _belongs_to("entries", "entry_id"),
    _belongs_to("invoices", "invoice_id"),
    Index(None, "account_id", "invoice_id", "entry_id"),
    sqlite_with_rowid=False,
)

invoice_expenses = Table(
    "invoice_expenses",
    metadata,
    _column("account_id", Integer),
    _column("expense_id", Integer),
    _column("invoice_id", Integer),
    PrimaryKeyConstraint("account_id", "expense_id"),
    _belongs_to("expenses", "expense_id"),
    _belongs_to("invoices", "invoice_id"),
    Index(None, "account_id", "invoice_id", "expense_id"),
    sqlite_with_rowid=False,
)

# From here on: delivery. No foreign keys to the tables above: a settlement must never wait for an account's lock.

events = Table(
    "events",
    metadata,
    _column("account_id", Integer),
    _column("position", BigInteger),
    _column("type", Text),
    _column("created_at", BigInteger),
    _column("changes", LargeBinary),
    _column("object", LargeBinary),
    PrimaryKeyConstraint("account_id", "position"),
)

webhooks = Table(
    "webhooks",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("name", Text),
    _column("name_key", Text),
    _column("payload_uri", Text),
    # Encrypted with the key of the settings.
    _column("secret", LargeBinary),
    _column("created_at", BigInteger),
    PrimaryKeyConstraint("account_id", "id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _column("account_id", Integer),
    _column("webhook_id", Integer),
    _column("event", Text),
    _column("place", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id", "event"),
    Index(None, "account_id", "event"),
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes",
    metadata,
    _column("account_id", Integer),
    _column("webhook_id", Integer),
    # scheme://host:port of the payload URI: what capacity is shared by.
    _column("destination", Text),
    # Grows when what a worker has read of the webhook (name, secret) is out of date.
    _column("revision", Integer),
    _column("enabled", Boolean),
    _column("disabled_reason", Text, null=True),
    _column("stalled", Boolean),
    _column("last_sequence", BigInteger),
    # The next payload to send; last_sequence + 1 when nothing waits.
    _column("head_sequence", BigInteger),
    # Heads up to here were sent before: their attempts go on counting.
    _column("replayed_through", BigInteger),
    # Of the head: attempts ever made, failures in a row of this window, and since when.
    _column("attempts_count", Integer),
    _column("failures_count", Integer),
    _column("failing_since", BigInteger, null=True),
    _column("window_started_at", BigInteger, null=True),
    # When the head is to be sent; null while there is nothing to do.
    _column("due_at", BigInteger, null=True),
    _column("last_succeeded", Boolean),
    _column("last_delivered_at", BigInteger, null=True),
    _column("lost_count", BigInteger),
    _column("lost_until", BigInteger, null=True),
    _column("lease_token", BigInteger, null=True),
    _column("lease_worker", BigInteger, null=True),
    _column("lease_expires_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "webhook_id"),
    Index(
        "ix_lanes_due",
        "last_succeeded",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL AND lease_token IS NULL"),
        postgresql_where=text("due_at IS NOT NULL AND lease_token IS NULL"),
    ),
    Index(
        "ix_lanes_leased",
        "lease_worker",
        "lease_expires_at",
        sqlite_where=text("lease_token IS NOT NULL"),
        postgresql_where=text("lease_token IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

payloads = Table(
    "payloads",
    metadata,
    _column("account_id", Integer),
    _column("webhook_id", Integer),
    _column("sequence", BigInteger),
    _column("payload_id", Text),
    _column("position", BigInteger),
    # The event's, once more: to choose payloads by it, the large rows of events need not be read.
    _column("type", Text),
    # And found by it alone: the payload id tells the sequence.
    PrimaryKeyConstraint("account_id", "webhook_id", "sequence"),
    sqlite_with_rowid=False,
)

errands = Table(
    "errands",
    metadata,
    _column("account_id", Integer),
    _column("id", Integer),
    _column("webhook_id", Integer),
    _column("payload_id", Text),
    # The payload that is sent once more; null for a ping.
    _column("sequence", BigInteger, null=True),
    _column("created_at", BigInteger),
    # When it is to be sent; null once it was.
    _column("due_at", BigInteger, null=True),
    _column("lease_token", BigInteger, null=True),
    _column("lease_worker", BigInteger, null=True),
    _column("lease_expires_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    Index(None, "account_id", "webhook_id", "payload_id"),
    Index(None, "account_id", "webhook_id", "created_at", "id"),
    Index(
        "ix_errands_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_errands_leased",
        "lease_worker",
        "lease_expires_at",
        sqlite_where=text("lease_token IS NOT NULL"),
        postgresql_where=text("lease_token IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    _column("account_id", Integer),
    _column("webhook_id", Integer),
    # 0 for a ping, which stands outside the order.
    _column("sequence", BigInteger),
    _column("number", Integer),
    # 0 for an attempt of the lane itself.
    _column("errand_id", Integer),
    # The name that the body carried, which may have changed since.
    _column("webhook_name", Text),
    _column("url", Text),
    _column("started_at", BigInteger),
    _column("duration_ms", Integer),
    _column("status", Integer, null=True),
    _column("error", Text, null=True),
    _column("response_headers", LargeBinary),
    _column("response_body", LargeBinary),
    PrimaryKeyConstraint("account_id", "webhook_id", "sequence", "number", "errand_id"),
    # Who asks by it says so: ``errand_id > 0``.
    Index(
        "ix_attempts_errand",
        "account_id",
        "errand_id",
        unique=True,
        sqlite_where=text("errand_id > 0"),
        postgresql_where=text("errand_id > 0"),
    ),
    sqlite_with_rowid=False,
)

removals = Table(
    "removals",
    metadata,
    # A deleted webhook whose payloads and attempts are still to be cleared away, in small batches.
    _column("account_id", Integer),
    _column("webhook_id", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id"),
    sqlite_with_rowid=False,
)

skips = Table(
    "skips",
    metadata,
    _column("account_id", Integer),
    _column("webhook_id", Integer),
    _column("sequence", BigInteger),
    _column("skipped_at", BigInteger),
    _column("skipped_by_id", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id", "sequence", "skipped_at"),
    sqlite_with_rowid=False,
)

# Where the ids of a table come from: sequences on PostgreSQL, a row a table on SQLite (which has none).
NUMBERED = (
    accounts,
    users,
    tokens,
    projects,
    tags,
    entries,
    teams,
    project_groups,
    expenses,
    inbox_entries,
    timers,
    invoices,
    invoice_taxes,
    webhooks,
    errands,
)
sequences = {table.name: Sequence(f"{table.name}_ids", metadata=metadata) for table in NUMBERED}

ids = Table(
    "ids",
    MetaData(),
    _column("table_name", Text),
    _column("last_id", Integer),
    PrimaryKeyConstraint("table_name"),
)
