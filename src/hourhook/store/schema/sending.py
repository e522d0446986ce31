"""Tables of broadcasts and mails. They have no foreign keys to other tables, like those in ``delivery``."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from hourhook.store.schema.columns import Text, column, metadata

broadcast_receivers = Table(
    "broadcast_receivers",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    # The owner; broadcasts are about their own objects.
    column("user_id", Integer),
    column("name", Text),
    column("name_key", Text),
    column("payload_uri", Text),
    # scheme://host:port of the payload URI; capacity is shared by destination.
    column("destination", Text),
    # Encrypted with the key of the settings.
    column("secret", LargeBinary),
    column("enabled", Boolean),
    column("created_at", BigInteger),
    PrimaryKeyConstraint("account_id", "id"),
    Index(None, "account_id", "user_id"),
)

broadcast_subjects = Table(
    "broadcast_subjects",
    metadata,
    column("account_id", Integer),
    column("broadcast_receiver_id", Integer),
    column("subject", Text),
    column("place", Integer),
    PrimaryKeyConstraint("account_id", "broadcast_receiver_id", "subject"),
    sqlite_with_rowid=False,
)

# Pending broadcasts: one row for each receiver and changed resource, deleted when it is claimed.
broadcasts = Table(
    "broadcasts",
    metadata,
    column("account_id", Integer),
    column("broadcast_receiver_id", Integer),
    # Of the resource; identifies it.
    column("url", Text),
    column("subject", Text),
    # The event type of the latest change.
    column("last_event", Text),
    # The order within the receiver: by latest change.
    column("place", BigInteger),
    # When the first change happened that has not been sent.
    column("waiting_since", BigInteger),
    PrimaryKeyConstraint("account_id", "broadcast_receiver_id", "url"),
    Index(None, "waiting_since"),
    sqlite_with_rowid=False,
)

# Mails to be sent: the row is deleted once its mail is sent or given up.
mails = Table(
    "mails",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    # The user it is about, and its purpose: a newer mail with the same pair replaces it.
    column("user_id", Integer),
    column("kind", Text),
    column("recipient", Text),
    column("subject", Text),
    # Encrypted with the key of the settings, because it may contain links that grant access.
    column("text", LargeBinary),
    column("created_at", BigInteger),
    # While the mail is leased, the expiry of the lease.
    column("next_attempt_at", BigInteger),
    column("attempts_count", Integer),
    column("last_error", Text, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    Index(None, "account_id", "user_id"),
    Index(None, "next_attempt_at"),
)
