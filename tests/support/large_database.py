"""Fill a database with the rows of a large installation, by one INSERT statement for each table.

Skewed, half of the rows belong to one webhook, project or user, and a quarter to another; otherwise all have about the
same number. Keys and references are right; texts, hashes and secrets are placeholders. A table or column that is not
described here gets values by its type, so the schema can grow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table

from hourhook.delivery import signing
from hourhook.domain import sums
from hourhook.domain.invoices.customizing import LABELS
from hourhook.store.database import Database
from hourhook.store.schema import KEPT_TABLES, TABLES_WITH_IDS, metadata
from hourhook.store.transaction import Transaction
from tests.support.dependencies import DEPENDENCIES

# Ids of the rows of the large account, and of the small accounts beside it.
FIRST_ID, FIRST_SMALL_ID = 1_000_000, 500_000_000
USERS, PROJECTS, TAGS, GROUPS, TEAMS, WEBHOOKS, RECEIVERS, SMALL_ACCOUNTS = 300, 400, 200, 20, 20, 200, 100, 200
_SECOND, _DAY = 1_000_000, 86_400_000_000
# Every twentieth webhook subscribes to everything, and has payloads to send.
_LABELS = msgspec.json.encode(dict.fromkeys(LABELS, "Label")).decode()
_IS_BUSY = "n % 20 = 0"

# Bytes that only a key decrypts are given in hexadecimal.
_HEXADECIMAL = "hexadecimal "
SECRET = _HEXADECIMAL + DEPENDENCIES.keyring.encrypt(signing.new_secret()).hex()
# The id of a worker that holds leases, but does not run.
DEAD_WORKER = 7

_DEAD_LEASE = {"lease_token": 1, "lease_worker": DEAD_WORKER, "lease_expires_at": 2**60}

# Resources that only their owner sees, or that filled rows cannot stand for.
_PRIVATE = {"inbox_entry_id", "tax_id", "broadcast_receiver_id", "payload_id"}

# SQL expressions of the number ``n`` of a row, which starts at 0, by column.
Columns = Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """The rows to add to a table; ``skewed`` says whether the heaviest group has half of them."""

    table: Table
    count: int
    columns: Columns


def fill(database: Database, account_id: int, user_id: int, rows: int, *, skewed: bool = True, filled: int = 0) -> None:
    """Add ``rows`` entries, events, payloads, attempts and so on to an account, half of them of this user.

    ``filled`` of them were added before.
    """
    if database.dialect == "sqlite":
        database._writer.execute("PRAGMA foreign_keys = OFF")  # type: ignore[attr-defined]
    database.run_now(_fill, account_id, user_id, rows, skewed, filled)
    if database.dialect == "sqlite":
        database._writer.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]


def heaviest(path_ids: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ids of the resources with the most rows, for those that only their owner sees the given ones."""
    return {name: id if name in _PRIVATE else FIRST_ID for name, id in path_ids.items()}


def analyze(database: Database) -> None:
    """Gather statistics; on PostgreSQL, also mark pages as visible, as autovacuum does."""
    if database.dialect == "sqlite":
        database._writer.execute("ANALYZE")  # type: ignore[attr-defined]
    else:
        with database.connect() as connection:  # type: ignore[attr-defined]
            connection.execute("VACUUM ANALYZE")


def _fill(tx: Transaction, account_id: int, user_id: int, rows: int, skewed: bool, filled: int) -> None:
    connection = tx._connection
    if tx.dialect == "postgresql":
        # Without checks of foreign keys, which would take most of the time.
        connection.execute("SET LOCAL session_replication_role = replica")
        # The update of the lanes must not depend on statistics either.
        connection.execute("SET LOCAL enable_nestloop = off")
    position = connection.execute(f"SELECT last_position FROM accounts WHERE id = {account_id}").fetchone()[0] - filled

    def describe(rows: int) -> list[Rows]:
        described = [
            *_described(account_id, user_id, rows, tx.started_at, position, _Spread(skewed)),
            *_small_accounts(rows // 10, tx.started_at),
        ]
        names = {each.table.name for each in described}
        others = [table for table in metadata.sorted_tables if table not in KEPT_TABLES and table.name not in names]
        return described + [Rows(table, rows // 10, {}) for table in others]

    for each, before in zip(describe(rows), describe(filled), strict=True):
        first = before.count if filled else 0
        defaults = {
            column.name: str(account_id) if column.name == "account_id" else _default(column, tx.started_at)
            for column in each.table.c
            if column.server_default is None
        }
        connection.execute(_insert(tx.dialect, each, first, {**defaults, **each.columns}))
    if tx.dialect == "postgresql":
        # Triggers are switched off too.
        sums.recount(tx)
    connection.execute(f"UPDATE accounts SET last_position = {position + rows} WHERE id = {account_id}")
    connection.execute(_SET_LANES)
    for table in TABLES_WITH_IDS:
        last = connection.execute(f"SELECT MAX(id) FROM {table.name}").fetchone()[0]
        if tx.dialect == "sqlite":
            connection.execute("UPDATE ids SET last_id = ? WHERE table_name = ?", (last, table.name))
        else:
            connection.execute(f"SELECT setval('{table.name}_ids', {last})")


def _insert(dialect: str, rows: Rows, first: int, columns: Columns) -> str:
    if dialect == "sqlite":
        start = f"SELECT {first} WHERE {first} < {rows.count}"
        numbers = f"WITH RECURSIVE g(n) AS ({start} UNION ALL SELECT n + 1 FROM g WHERE n < {rows.count - 1})"
    else:
        numbers = f"WITH g AS (SELECT n FROM generate_series({first}, CAST({rows.count - 1} AS BIGINT)) AS n)"
    values = ", ".join(_cast(dialect, rows.table.c[name], value) for name, value in columns.items())
    return f"{numbers} INSERT INTO {rows.table.name} ({', '.join(columns)}) SELECT {values} FROM g"


def _cast(dialect: str, column: Column[Any], value: str) -> str:
    if value.startswith(_HEXADECIMAL):
        digits = value.removeprefix(_HEXADECIMAL)
        return f"x'{digits}'" if dialect == "sqlite" else f"decode('{digits}', 'hex')"
    if isinstance(column.type, LargeBinary):
        return f"CAST({value} AS {'BLOB' if dialect == 'sqlite' else 'BYTEA'})"
    return value


def _default(column: Column[Any], now: int) -> str:
    if column.name == "id" or (column.name.endswith("_id") and not column.nullable):
        return f"{FIRST_ID} + n"
    if column.nullable:
        return "NULL"
    if isinstance(column.type, Boolean):
        return "n < 0"
    if column.name in ("created_at", "updated_at"):
        return f"{now - _DAY}"
    if isinstance(column.type, LargeBinary):
        return "'{}'"
    return "n" if isinstance(column.type, Integer) else f"'{column.name} ' || n"


@dataclass(frozen=True)
class _Spread:
    """How rows are spread over groups: which group a row is in, and its number within the group."""

    skewed: bool

    def group(self, groups: int) -> str:
        if not self.skewed:
            return f"n % {groups}"
        return f"CASE WHEN n % 4 < 2 THEN 0 WHEN n % 4 = 2 THEN 1 ELSE 2 + (n / 4) % {groups - 2} END"

    def number(self, groups: int) -> str:
        if not self.skewed:
            return f"n / {groups}"
        return f"CASE WHEN n % 4 < 2 THEN n / 4 * 2 + n % 4 WHEN n % 4 = 2 THEN n / 4 ELSE n / 4 / {groups - 2} END"

    def id(self, groups: int) -> str:
        return f"{FIRST_ID} + {self.group(groups)}"

    def user(self, user_id: int) -> str:
        """Return a user; the first group belongs to ``user_id``."""
        return f"CASE WHEN {self.group(USERS)} = 0 THEN {user_id} ELSE {self.id(USERS)} END"


def _described(account: int, user_id: int, rows: int, now: int, position: int, spread: _Spread) -> list[Rows]:
    tables = metadata.tables
    invoices = max(rows // 100, 1)
    day = "(2019 + n % 7) || '-' || (10 + n % 3) || '-' || (10 + n % 19)"
    user, project = spread.user(user_id), spread.id(PROJECTS)
    named = {"name": "'Name ' || n", "name_key": "'name ' || n"}
    logged = {
        "date": day, "user_id": user, "project_id": project,
        "description": "'Kick-off ' || n", "description_key": "'kick-off ' || n",
    }  # fmt: skip
    of_lane = {"webhook_id": spread.id(WEBHOOKS), "sequence": f"{spread.number(WEBHOOKS)} + 1"}
    destination = {"payload_uri": "'http://127.0.0.1:9/' || n", "destination": "'http://127.0.0.1:' || (9 + n % 50)"}
    return [
        Rows(tables["users"], USERS, {
            "email": "'user' || n || '@large.test'", "email_key": "'user' || n || '@large.test'",
            "name_key": "'user ' || n", "role": "'coworker'", "state": "'active'",
            "time_format": "'fraction'", "week_start": "'Monday'",
        }),
        Rows(tables["projects"], PROJECTS, {
            **named, "billable": "n % 5 <> 4", "billing_increment": "15", "enabled": "n % 10 <> 8",
        }),
        Rows(tables["project_access"], USERS * 10, {
            "user_id": f"{FIRST_ID} + n / 10", "project_id": f"{FIRST_ID} + (n / 10 * 7 + n % 10) % {PROJECTS}",
        }),
        Rows(tables["project_access"], PROJECTS // 2, {"user_id": f"{user_id}", "project_id": f"{FIRST_ID} + n"}),
        Rows(tables["project_groups"], GROUPS, named),
        Rows(tables["project_group_members"], PROJECTS, {
            "project_id": f"{FIRST_ID} + n", "project_group_id": spread.id(GROUPS),
        }),
        Rows(tables["tags"], TAGS, {"name": "'tag' || n", "name_key": "'tag' || n", "billable": "n % 20 <> 1"}),
        Rows(tables["teams"], TEAMS, named),
        Rows(tables["team_members"], USERS, {"team_id": spread.id(TEAMS), "user_id": f"{FIRST_ID} + n"}),
        Rows(tables["entries"], rows, {
            **logged, "project_id": f"CASE WHEN n % 50 = 49 THEN NULL ELSE {project} END", "minutes": "15 + n % 60",
            "invoiced_at": f"CASE WHEN n % 4 = 0 THEN {now - _DAY} END",
            "approved_at": f"CASE WHEN n % 3 = 0 THEN {now - _DAY} END",
            "approved_by_id": f"CASE WHEN n % 3 = 0 THEN {FIRST_ID} END",
            "updated_at": f"{now - _DAY} - n * {_SECOND}",
        }),
        Rows(tables["entry_tags"], rows, {"entry_id": f"{FIRST_ID} + n", "tag_id": spread.id(TAGS), "place": "0"}),
        Rows(tables["expenses"], rows // 5, {**logged, "price": "n % 10000", "taxable": "n % 2 = 0"}),
        Rows(tables["inbox_entries"], rows // 5, {
            "user_id": user, "date": day, "description": "'Kick-off ' || n", "description_key": "'kick-off ' || n",
            "logged": "n % 2 = 0",
        }),
        Rows(tables["timers"], USERS * 10, {
            "user_id": f"{FIRST_ID} + n % {USERS}", "project_id": f"{FIRST_ID} + n / {USERS}", "state": "'paused'",
            "date": day,
        }),
        Rows(tables["invoices"], invoices, {
            "state": "CASE n % 3 WHEN 0 THEN 'unpaid' WHEN 1 THEN 'paid' ELSE 'none' END", "invoice_date": day,
            "labels": f"'{_LABELS}'", "locale": "'en-US'", "currency_code": "'USD'", "paypal_currency_code": "'USD'",
            "stripe_connect_currency_code": "'USD'", "calculation_method": "'standard_hourly_rate'",
            "standard_hourly_rate": "10000", "share_token": "'token' || n",
        }),
        Rows(tables["invoice_entries"], rows // 4, {
            "entry_id": f"{FIRST_ID} + n * 4", "invoice_id": f"{FIRST_ID} + n % {invoices}",
        }),
        Rows(tables["invoice_expenses"], rows // 10, {
            "expense_id": f"{FIRST_ID} + n * 2", "invoice_id": f"{FIRST_ID} + n % {invoices}",
        }),
        *(
            Rows(tables[name], invoices, {"invoice_id": f"{FIRST_ID} + n", "user_id": f"{FIRST_ID}"}
                 if "user_id" in tables[name].c else {"invoice_id": f"{FIRST_ID} + n"})
            for name in ("invoice_taxes", "invoice_hourly_rates", "invoice_payment_transactions")
        ),
        Rows(tables["events"], rows, {
            "position": f"{position} + 1 + n", "type": "'entry.created'",
            "created_at": f"{now} + n * {_SECOND}",
            "object": "'{\"id\": 1, \"description\": \"' || n || '" + "x" * 100 + "\"}'",
        }),
        Rows(tables["payloads"], rows, {
            **of_lane, "payload_id": "'payload ' || n", "position": f"{position} + 1 + n", "type": "'entry.created'",
        }),
        Rows(tables["attempts"], rows, {
            **of_lane, "number": "0", "errand_id": "0",
            "started_at": f"{now} - ({rows} - n) * {_SECOND // 20}", "status": "200",
            "response_headers": "'[]'",
        }),
        Rows(tables["webhooks"], WEBHOOKS, {
            **named, "payload_uri": destination["payload_uri"], "secret": SECRET,
        }),
        Rows(tables["subscriptions"], WEBHOOKS, {
            "webhook_id": f"{FIRST_ID} + n", "event": f"CASE WHEN {_IS_BUSY} THEN '*' ELSE 'user.created' END",
        }),
        Rows(tables["lanes"], WEBHOOKS, {
            "webhook_id": f"{FIRST_ID} + n", "destination": destination["destination"], "enabled": "n % 10 <> 9",
            "last_succeeded": "n % 4 <> 0", "last_sequence": "0", "head_sequence": "1",
            "due_at": f"CASE WHEN {_IS_BUSY} THEN {now} END",
            **{name: f"CASE WHEN n % 20 = 5 THEN {value} END" for name, value in _DEAD_LEASE.items()},
            "replayed_through": "0", "attempts_count": "0", "failures_count": "0", "lost_count": "0",
        }),
        Rows(tables["errands"], rows // 10, {
            "webhook_id": spread.id(WEBHOOKS), "payload_id": "'ping ' || n",
            "created_at": f"{now} + (n - 200) * {_SECOND}",
            "sequence": "CASE WHEN n % 2 = 0 THEN 1 END", "due_at": f"CASE WHEN n % 1000 = 0 THEN {now} END",
        }),
        Rows(tables["skips"], rows // 100, {
            "webhook_id": f"{FIRST_ID}", "sequence": "n * 5 + 1", "skipped_at": f"{now}", "skipped_by_id": f"{user_id}",
        }),
        Rows(tables["removals"], 3, {"webhook_id": f"{FIRST_ID} + {WEBHOOKS} + n"}),
        Rows(tables["broadcast_receivers"], RECEIVERS, {
            **named, **destination, "user_id": user, "secret": SECRET, "enabled": "n % 10 <> 9",
        }),
        Rows(tables["broadcast_subjects"], RECEIVERS, {
            "broadcast_receiver_id": f"{FIRST_ID} + n", "subject": "'timer'",
        }),
        Rows(tables["broadcasts"], rows // 10, {
            "broadcast_receiver_id": spread.id(RECEIVERS), "url": "'http://127.0.0.1:9/v2/timers/' || n",
            "waiting_since": f"{now} + (n - 200) * {_SECOND}",
        }),
        Rows(tables["mails"], rows // 10, {
            "user_id": user, "kind": "'invitation'", "text": SECRET, "attempts_count": "1",
            "next_attempt_at": f"{now} + (n - 200) * {_SECOND}",
        }),
        # A server finds out by it whether it has the right key.
        Rows(tables["key_canaries"], 0, {}),
        Rows(tables["applications"], 20, {}),
        Rows(tables["authorizations"], rows // 10, {
            "user_id": user, "application_id": f"{FIRST_ID} + n % 20",
            "code_expires_at": f"{now} + (n - 200) * {_SECOND}",
            "code_used_at": f"CASE WHEN n % 10 <> 0 THEN {now} END",
        }),
        Rows(tables["tokens"], rows // 5, {
            "user_id": user, "authorization_id": f"CASE WHEN n % 2 = 0 THEN {FIRST_ID} + n / 2 END",
            "expires_at": f"CASE WHEN n % 2 = 0 THEN {now} + (n - 200) * {_SECOND} END",
        }),
        Rows(tables["refresh_tokens"], rows // 10, {
            "authorization_id": f"{FIRST_ID} + n", "expires_at": f"{now} + (n - 200) * {_SECOND}",
        }),
        Rows(tables["sessions"], rows // 10, {
            "user_id": user, "expires_at": f"{now} + (n - 200) * {_SECOND}",
        }),
        Rows(tables["audit_records"], rows // 10, {
            "user_id": user, "resource": "'Webhook'", "resource_id": spread.id(WEBHOOKS), "action": "'pinged'",
        }),
        Rows(tables["invitations"], USERS, {"user_id": f"{FIRST_ID} + n"}),
    ]  # fmt: skip


def _small_accounts(rows: int, now: int) -> list[Rows]:
    tables = metadata.tables
    account = {"account_id": f"{FIRST_SMALL_ID} + n % {SMALL_ACCOUNTS}"}
    of_account = {**account, "id": f"{FIRST_SMALL_ID} + n"}
    first = f"{FIRST_SMALL_ID} + n % {SMALL_ACCOUNTS}"
    of_lane = {**account, "webhook_id": first, "sequence": f"n / {SMALL_ACCOUNTS} + 1"}
    position = {"position": f"n / {SMALL_ACCOUNTS} + 1", "type": "'entry.created'"}
    return [
        Rows(tables["accounts"], SMALL_ACCOUNTS, {
            "id": first, "last_position": f"{rows // SMALL_ACCOUNTS}", "last_event_at": "0",
        }),
        Rows(tables["users"], SMALL_ACCOUNTS, {**of_account, "role": "'supervisor'", "state": "'active'"}),
        Rows(tables["projects"], SMALL_ACCOUNTS, {**of_account, "enabled": "n >= 0", "billable": "n >= 0"}),
        Rows(tables["entries"], rows, {
            **of_account, "user_id": first, "project_id": first, "date": "'2024-05-21'", "minutes": "15",
        }),
        Rows(tables["webhooks"], SMALL_ACCOUNTS, {**of_account, "secret": SECRET}),
        Rows(tables["lanes"], SMALL_ACCOUNTS, {
            **account, "webhook_id": first, "enabled": "n >= 0", "last_succeeded": "n >= 0",
            "last_sequence": "0", "head_sequence": "1", "replayed_through": "0", "attempts_count": "0",
            "failures_count": "0", "lost_count": "0",
        }),
        Rows(tables["subscriptions"], SMALL_ACCOUNTS, {**account, "webhook_id": first, "event": "'*'"}),
        Rows(tables["events"], rows, {**account, **position, "created_at": f"{now - _DAY}"}),
        Rows(tables["payloads"], rows, {**of_lane, **position}),
        Rows(tables["attempts"], rows, {
            **of_lane, "number": "0", "errand_id": "0", "started_at": f"{now - _DAY}", "response_headers": "'[]'",
        }),
    ]  # fmt: skip


# Lanes that are due have their last thousand payloads to send.
_SET_LANES = f"""
UPDATE lanes SET last_sequence = found.last, head_sequence = CASE
    WHEN due_at IS NULL THEN found.last + 1 WHEN found.last > 1000 THEN found.last - 999 ELSE 1 END
FROM (SELECT account_id, webhook_id, MAX(sequence) AS last FROM payloads GROUP BY account_id, webhook_id) AS found
WHERE lanes.account_id = found.account_id AND lanes.webhook_id = found.webhook_id AND lanes.webhook_id >= {FIRST_ID}
"""
