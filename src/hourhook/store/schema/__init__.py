"""All tables. Timestamps are BIGINT microseconds, dates are text, decimals are integers in hundredths
or, in invoices, ten-thousandths.

``account_id`` leads every key, so that accounts can be spread over a sharded PostgreSQL. Ids are unique across accounts
all the same (see ``Transaction.insert``). A ``…_key`` column holds the casefolded form of its neighbour, so that
comparing, searching and sorting work the same on both databases.
"""

from sqlalchemy import Integer, MetaData, PrimaryKeyConstraint, Sequence, Table

from hourhook.store.schema.columns import Text, column, metadata
from hourhook.store.schema.delivery import (
    attempts,
    events,
    key_canaries,
    lanes,
    one_offs,
    payloads,
    rehearsal_requests,
    rehearsals,
    removals,
    skips,
    subscriptions,
    webhooks,
)
from hourhook.store.schema.imports import imported_objects
from hourhook.store.schema.invoices import (
    invoice_entries,
    invoice_expenses,
    invoice_hourly_rates,
    invoice_payment_transactions,
    invoice_taxes,
    invoices,
)
from hourhook.store.schema.people import (
    accounts,
    applications,
    audit_records,
    authorizations,
    idempotency_keys,
    invitations,
    refresh_tokens,
    sessions,
    team_members,
    teams,
    tokens,
    users,
)
from hourhook.store.schema.sending import broadcast_receivers, broadcast_subjects, broadcasts, mails
from hourhook.store.schema.sums import KEPT_TABLES, entry_sums, expense_sums, project_invoices
from hourhook.store.schema.work import (
    entries,
    entry_tags,
    expenses,
    inbox_entries,
    project_access,
    project_group_members,
    project_groups,
    projects,
    tags,
    timers,
)

# Ids come from sequences on PostgreSQL, and from one row per table on SQLite, which has no sequences.
TABLES_WITH_IDS = (
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
    applications,
    authorizations,
    webhooks,
    one_offs,
    broadcast_receivers,
    mails,
    audit_records,
)
sequences = {table.name: Sequence(f"{table.name}_ids", metadata=metadata) for table in TABLES_WITH_IDS}

ids = Table(
    "ids",
    MetaData(),
    column("table_name", Text),
    column("last_id", Integer),
    PrimaryKeyConstraint("table_name"),
)

__all__ = [
    "KEPT_TABLES",
    "TABLES_WITH_IDS",
    "accounts",
    "applications",
    "attempts",
    "audit_records",
    "authorizations",
    "broadcast_receivers",
    "broadcast_subjects",
    "broadcasts",
    "entries",
    "entry_sums",
    "entry_tags",
    "events",
    "expense_sums",
    "expenses",
    "idempotency_keys",
    "ids",
    "imported_objects",
    "inbox_entries",
    "invitations",
    "invoice_entries",
    "invoice_expenses",
    "invoice_hourly_rates",
    "invoice_payment_transactions",
    "invoice_taxes",
    "invoices",
    "key_canaries",
    "lanes",
    "mails",
    "metadata",
    "one_offs",
    "payloads",
    "project_access",
    "project_group_members",
    "project_groups",
    "project_invoices",
    "projects",
    "refresh_tokens",
    "rehearsal_requests",
    "rehearsals",
    "removals",
    "sequences",
    "sessions",
    "skips",
    "subscriptions",
    "tags",
    "team_members",
    "teams",
    "timers",
    "tokens",
    "users",
    "webhooks",
]
