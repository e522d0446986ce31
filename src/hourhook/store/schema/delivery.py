"""Tables of the event log and its lanes.

They have no foreign keys to other tables: a settlement must never wait for an account's lock.
"""

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from hourhook.store.schema.columns import Text, column, metadata, partial_index

events = Table(
    "events",
    metadata,
    column("account_id", Integer),
    column("position", BigInteger),
    column("type", Text),
    column("created_at", BigInteger),
    column("changes", LargeBinary),
    column("object", LargeBinary),
    PrimaryKeyConstraint("account_id", "position"),
    # The feed lists events of rare types without walking the log.
    Index(None, "account_id", "type", "position"),
)

webhooks = Table(
    "webhooks",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("name", Text),
    column("name_key", Text),
    column("payload_uri", Text),
    # Encrypted with the key of the settings.
    column("secret", LargeBinary),
    # The secret before the last re-roll, until the overlap ends; encrypted, too.
    column("previous_secret", LargeBinary, null=True),
    column("previous_secret_expires_at", BigInteger, null=True),
    # The settings. Filters and headers are JSON, null if there are none; the values of headers are encrypted.
    column("filters", Text, null=True),
    column("headers", Text, null=True),
    # Both in hundredths.
    column("max_per_second", Integer, null=True),
    column("timeout_seconds", Integer, null=True),
    column("batch_limit", Integer),
    column("created_at", BigInteger),
    # Gets mails about trouble; null for webhooks created by earlier versions.
    column("created_by_id", Integer, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    partial_index(
        "ix_webhooks_previous_secret", "previous_secret_expires_at", where="previous_secret_expires_at IS NOT NULL"
    ),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    column("account_id", Integer),
    column("webhook_id", Integer),
    column("event", Text),
    column("place", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id", "event"),
    Index(None, "account_id", "event"),
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes",
    metadata,
    column("account_id", Integer),
    column("webhook_id", Integer),
    # scheme://host:port of the payload URI; capacity is shared by destination.
    column("destination", Text),
    # Incremented when the name or secret a worker has read is out of date.
    column("revision", Integer),
    column("enabled", Boolean),
    column("disabled_reason", Text, null=True),
    column("stalled", Boolean),
    column("last_sequence", BigInteger),
    # The next payload to send; last_sequence + 1 when nothing waits.
    column("head_sequence", BigInteger),
    # Heads up to here were sent before, before a replay or in a batch that failed: their attempt numbers continue.
    column("replayed_through", BigInteger),
    # Of the head: all attempts, consecutive failures in this window, and the time of the first failure.
    column("attempts_count", Integer),
    column("failures_count", Integer),
    column("failing_since", BigInteger, null=True),
    column("window_started_at", BigInteger, null=True),
    # When the head is due; null while nothing is.
    column("due_at", BigInteger, null=True),
    column("last_succeeded", Boolean),
    column("last_delivered_at", BigInteger, null=True),
    column("lost_count", BigInteger),
    column("lost_until", BigInteger, null=True),
    column("lease_token", BigInteger, null=True),
    column("lease_worker", BigInteger, null=True),
    column("lease_expires_at", BigInteger, null=True),
    # What has been reported of its trouble, or ``recovered``, which is still to be reported; and since when something
    # is to be reported, 0 for at once. See ``delivery/alerts.py``.
    column("alerted", Text, null=True),
    column("alert_since", BigInteger, null=True),
    # Null while the lane is enabled; the user is null if the receiver answered 410.
    column("disabled_at", BigInteger, null=True),
    column("disabled_by_id", Integer, null=True),
    # Whether the webhook has filters, so that recording an event reads them only then.
    column("is_filtered", Boolean),
    # The earliest time of the next request of a webhook with a rate.
    column("paced_until", BigInteger, null=True),
    # Of a webhook that began in the past: the first position of the log that is not queued yet, null once all are.
    column("catching_up_from", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "webhook_id"),
    partial_index("ix_lanes_due", "last_succeeded", "due_at", where="due_at IS NOT NULL AND lease_token IS NULL"),
    partial_index("ix_lanes_catching_up", "account_id", "webhook_id", where="catching_up_from IS NOT NULL"),
    partial_index("ix_lanes_alerts", "alert_since", where="alert_since IS NOT NULL"),
    partial_index("ix_lanes_leased", "lease_worker", "lease_expires_at", where="lease_token IS NOT NULL"),
    sqlite_with_rowid=False,
)

payloads = Table(
    "payloads",
    metadata,
    column("account_id", Integer),
    column("webhook_id", Integer),
    column("sequence", BigInteger),
    column("payload_id", Text),
    column("position", BigInteger),
    # A copy of the event's type: selecting payloads by type does not read the large event rows.
    column("type", Text),
    # Sufficient to find a payload by its id, because the id encodes the sequence.
    PrimaryKeyConstraint("account_id", "webhook_id", "sequence"),
    sqlite_with_rowid=False,
)

one_offs = Table(
    # The historical name of one-off deliveries, kept because a rename would gain nothing.
    "errands",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("webhook_id", Integer),
    column("payload_id", Text),
    # The payload to redeliver; null for a ping and a test event.
    column("sequence", BigInteger, null=True),
    # Of a test event, which is in no log; null for any other.
    column("type", Text, null=True),
    column("changes", LargeBinary, null=True),
    column("object", LargeBinary, null=True),
    column("created_at", BigInteger),
    # When the delivery is due; null once it was attempted.
    column("due_at", BigInteger, null=True),
    column("lease_token", BigInteger, null=True),
    column("lease_worker", BigInteger, null=True),
    column("lease_expires_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    Index(None, "account_id", "webhook_id", "payload_id"),
    Index(None, "account_id", "webhook_id", "created_at", "id"),
    partial_index("ix_errands_due", "due_at", where="due_at IS NOT NULL"),
    # The oldest that is due of each webhook.
    partial_index("ix_errands_order", "account_id", "webhook_id", "id", where="due_at IS NOT NULL"),
    # For retention: settled ones by age, and those whose payload is gone.
    partial_index("ix_errands_settled", "created_at", where="due_at IS NULL"),
    partial_index("ix_errands_redelivered", "account_id", "webhook_id", "sequence", where="sequence IS NOT NULL"),
    partial_index("ix_errands_leased", "lease_worker", "lease_expires_at", where="lease_token IS NOT NULL"),
)

attempts = Table(
    "attempts",
    metadata,
    column("account_id", Integer),
    column("webhook_id", Integer),
    # 0 for a ping, which has no sequence.
    column("sequence", BigInteger),
    column("number", Integer),
    # The one-off delivery; 0 for an attempt of the lane itself. The column's name is part of the stored schema.
    column("errand_id", Integer),
    # The name in the request body; the webhook may have been renamed since.
    column("webhook_name", Text),
    column("url", Text),
    column("started_at", BigInteger),
    column("duration_ms", Integer),
    column("status", Integer, null=True),
    column("error", Text, null=True),
    column("response_headers", LargeBinary),
    column("response_body", LargeBinary),
    # The names of the webhook's own headers that were sent, as JSON; null if it had none.
    column("header_names", Text, null=True),
    # The batch in which the payload was sent, as JSON (``delivery/attempt_log.py``); null if it was sent alone.
    column("batch", Text, null=True),
    PrimaryKeyConstraint("account_id", "webhook_id", "sequence", "number", "errand_id"),
    # Queries must contain ``errand_id > 0`` to use this partial index.
    partial_index("ix_attempts_errand", "account_id", "errand_id", unique=True, where="errand_id > 0"),
    # What the delivery log shows by answer; of accepted payloads, which are most, there is no need to search.
    partial_index(
        "ix_attempts_refused",
        "account_id",
        "webhook_id",
        "sequence",
        "status",
        where="status IS NULL OR status NOT BETWEEN 200 AND 299",
    ),
    sqlite_with_rowid=False,
)

removals = Table(
    "removals",
    metadata,
    # Deleted webhooks whose payloads and attempts are still to be deleted, in small batches.
    column("account_id", Integer),
    column("webhook_id", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id"),
    sqlite_with_rowid=False,
)

skips = Table(
    "skips",
    metadata,
    column("account_id", Integer),
    column("webhook_id", Integer),
    column("sequence", BigInteger),
    column("skipped_at", BigInteger),
    column("skipped_by_id", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id", "sequence", "skipped_at"),
    sqlite_with_rowid=False,
)

rehearsals = Table(
    "rehearsals",
    metadata,
    # Receivers of this server, for webhooks that are tried without one.
    column("account_id", Integer),
    column("webhook_id", Integer),
    # The secret part of the address.
    column("key", Text),
    column("answer", Text),
    column("last_number", Integer),
    PrimaryKeyConstraint("account_id", "webhook_id"),
    Index(None, "key", unique=True),
    sqlite_with_rowid=False,
)

rehearsal_requests = Table(
    "rehearsal_requests",
    metadata,
    column("account_id", Integer),
    column("webhook_id", Integer),
    column("number", Integer),
    column("received_at", BigInteger),
    column("headers", LargeBinary),
    column("body", LargeBinary),
    column("answer", Text),
    PrimaryKeyConstraint("account_id", "webhook_id", "number"),
    Index(None, "received_at"),
    sqlite_with_rowid=False,
)

key_canaries = Table(
    "key_canaries",
    metadata,
    column("id", Integer),
    # A known text, encrypted with the secret key.
    column("canary", LargeBinary),
    PrimaryKeyConstraint("id"),
)
