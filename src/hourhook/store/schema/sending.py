"""What is sent beside the log: broadcasts and mails. No foreign keys to other tables, as in ``delivery``."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from hourhook.store.schema.columns import Text, column, metadata

broadcast_receivers = Table(
    "broadcast_receivers",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    # Whose it is, and of whose things it hears.
    column("user_id", Integer),
    column("name", Text),
    column("name_key", Text),
    column("payload_uri", Text),
    # scheme://host:port of the payload URI: what capacity is shared by.
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

# What receivers are still to be told: a row for each receiver and changed resource, which is gone once it is taken.
broadcasts = Table(
    "broadcasts",
    metadata,
    column("account_id", Integer),
    column("broadcast_receiver_id", Integer),
    # Of the resource, which is known by it.
    column("url", Text),
    column("subject", Text),
    # The newest change.
    column("last_event", Text),
    # Among those of its receiver: the order in which they were changed last.
    column("place", BigInteger),
    # When the first change happened that the receiver was not told of.
    column("waiting_since", BigInteger),
    PrimaryKeyConstraint("account_id", "broadcast_receiver_id", "url"),
    Index(None, "waiting_since"),
    sqlite_with_rowid=False,
)

# Mails that are still to be sent: the row goes once its mail is sent, or given up.
mails = Table(
    "mails",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    # Whom it is about, and what for: together they say which mails a newer one makes useless.
    column("user_id", Integer),
    column("kind", Text),
    column("recipient", Text),
    column("subject", Text),
    # Encrypted with the key of the settings, since links in it open something.
    column("text", LargeBinary),
    column("created_at", BigInteger),
    # While somebody is at work on it, until when nobody else is.
    column("next_attempt_at", BigInteger),
    column("attempts_count", Integer),
    column("last_error", Text, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    Index(None, "next_attempt_at"),
)
