"""Tables of identity and access: accounts, users, teams, tokens, sessions, invitations and OAuth applications."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from hourhook.store.schema.columns import Text, account_foreign_key, column, metadata, partial_index, timestamps

accounts = Table(
    "accounts",
    metadata,
    column("id", Integer),
    column("name", Text),
    column("owner_id", Integer, null=True),
    column("invoicing_enabled", Boolean),
    column("approvals_enabled", Boolean),
    column("max_users", Integer, null=True),
    column("max_projects", Integer, null=True),
    column("tag_creation_role", Text),
    column("default_billing_increment", Integer),
    column("is_locked", Boolean),
    # The counters of the event log are in the row that every write locks first.
    column("last_position", BigInteger),
    column("last_event_at", BigInteger),
    *timestamps(),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

users = Table(
    "users",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("email", Text),
    column("email_key", Text),
    column("first_name", Text, null=True),
    column("last_name", Text, null=True),
    column("name_key", Text),
    column("profile_image_url", Text, null=True),
    column("role", Text),
    column("state", Text),
    column("password_hash", Text, null=True),
    column("time_format", Text),
    column("week_start", Text),
    # An IANA name, or a fixed offset such as ``+01:00``.
    column("time_zone", Text),
    column("send_personal_weekly_report_email", Boolean),
    column("send_team_weekly_report_email", Boolean),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "email_key"),
    Index(None, "email_key"),
)

tokens = Table(
    "tokens",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("user_id", Integer),
    column("name", Text, null=True),
    # SHA-256 of the token, hexadecimal; the token itself is never stored.
    column("hash", Text),
    column("created_at", BigInteger),
    column("last_used_at", BigInteger, null=True),
    # For OAuth access tokens, which one lookup finds together with personal ones. No foreign key: SQLite would have to
    # rewrite the table for it.
    column("authorization_id", Integer, null=True),
    column("expires_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("hash"),
    account_foreign_key("users", "user_id"),
    Index(None, "account_id", "user_id"),
    partial_index("ix_tokens_authorization", "account_id", "authorization_id", where="authorization_id IS NOT NULL"),
    partial_index("ix_tokens_expires_at", "expires_at", where="expires_at IS NOT NULL"),
)

# Responses to requests with an Idempotency-Key, kept for a day. No foreign key: a revoked token leaves its rows behind.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    column("account_id", Integer),
    column("token_id", Integer),
    column("key", Text),
    # SHA-256 of the request.
    column("fingerprint", LargeBinary),
    # Encrypted with the key of the settings, because it may contain secrets.
    column("response", LargeBinary),
    column("created_at", BigInteger),
    PrimaryKeyConstraint("account_id", "token_id", "key"),
    Index(None, "created_at"),
)

# Who did what to webhooks, access and settings. No foreign keys: records outlive users and resources.
audit_records = Table(
    "audit_records",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("created_at", BigInteger),
    # Null for the server itself and for the command line.
    column("user_id", Integer, null=True),
    column("resource", Text),
    column("resource_id", Integer),
    column("action", Text),
    # JSON.
    column("details", LargeBinary),
    PrimaryKeyConstraint("account_id", "id"),
    Index("ix_audit_records_resource", "account_id", "resource", "resource_id", "id"),
    # For retention.
    Index(None, "created_at"),
)

# Signed-in sessions: one row for each account the credentials grant access to, all with one hash.
sessions = Table(
    "sessions",
    metadata,
    column("account_id", Integer),
    # SHA-256 of the cookie's token, hexadecimal.
    column("hash", Text),
    column("user_id", Integer),
    column("created_at", BigInteger),
    column("expires_at", BigInteger),
    # The header ``User-Agent`` at the sign-in, shortened, by which users recognize their browsers.
    column("user_agent", Text, null=True),
    PrimaryKeyConstraint("account_id", "hash"),
    account_foreign_key("users", "user_id"),
    Index(None, "account_id", "user_id"),
    Index(None, "hash"),
    Index(None, "expires_at"),
)

# OAuth applications of one account, or of the whole server.
applications = Table(
    "applications",
    metadata,
    column("id", Integer),
    column("client_id", Text),
    # SHA-256, hexadecimal; null for a public client, which cannot keep a secret.
    column("secret_hash", Text, null=True),
    column("name", Text),
    column("site_url", Text),
    column("callback_url", Text),
    column("created_at", BigInteger),
    # Set while its tokens are being revoked; then the row is deleted.
    column("revoked_at", BigInteger, null=True),
    # The scopes chosen at registration, as a JSON array of strings; null if none were.
    column("scopes", Text, null=True),
    # The account that registered it, whose users alone can let it in; null if an administrator did, for all accounts.
    column("account_id", Integer, null=True),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("client_id"),
)

# OAuth grants: the authorization code a client received, and the parent of all its tokens. A grant created with a
# user's password has a code that was never disclosed and counts as used.
authorizations = Table(
    "authorizations",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("user_id", Integer),
    column("application_id", Integer),
    column("code_hash", Text),
    column("code_challenge", Text, null=True),
    # As the client sent it; null if it relied on its callback URL.
    column("redirect_uri", Text, null=True),
    column("code_expires_at", BigInteger),
    column("code_used_at", BigInteger, null=True),
    column("created_at", BigInteger),
    # Only for grants created with a password. The token is encrypted like webhook secrets, because it can be shown
    # again; the scopes are a JSON array of strings.
    column("token", LargeBinary, null=True),
    column("scopes", Text, null=True),
    column("note", Text, null=True),
    column("note_url", Text, null=True),
    column("updated_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("code_hash"),
    account_foreign_key("users", "user_id"),
    ForeignKeyConstraint(["application_id"], ["applications.id"]),
    Index(None, "application_id"),
    Index(None, "account_id", "user_id"),
    partial_index("ix_authorizations_unused", "code_expires_at", where="code_used_at IS NULL"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    column("account_id", Integer),
    column("hash", Text),
    column("authorization_id", Integer),
    column("created_at", BigInteger),
    # Used ones are kept until then too, so that reuse is detected.
    column("expires_at", BigInteger),
    column("used_at", BigInteger, null=True),
    # When a client repeated the refresh because it had not received the response; it may once.
    column("repeated_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "hash"),
    UniqueConstraint("hash"),
    account_foreign_key("authorizations", "authorization_id"),
    Index(None, "account_id", "authorization_id"),
    Index(None, "expires_at"),
)

# Invitations: at most one per pending user; a newer one replaces it.
invitations = Table(
    "invitations",
    metadata,
    column("account_id", Integer),
    column("user_id", Integer),
    # SHA-256 of the token, hexadecimal; the token itself is never stored here.
    column("hash", Text),
    # Null if created on the command line. The inviting user may have been deleted; ids are never reused.
    column("invited_by_id", Integer, null=True),
    column("created_at", BigInteger),
    column("expires_at", BigInteger),
    column("accepted_at", BigInteger, null=True),
    PrimaryKeyConstraint("account_id", "user_id"),
    UniqueConstraint("hash"),
    account_foreign_key("users", "user_id"),
    sqlite_with_rowid=False,
)

teams = Table(
    "teams",
    metadata,
    column("account_id", Integer),
    column("id", Integer),
    column("name", Text),
    column("name_key", Text),
    *timestamps(),
    PrimaryKeyConstraint("account_id", "id"),
    UniqueConstraint("account_id", "name_key"),
)

team_members = Table(
    "team_members",
    metadata,
    column("account_id", Integer),
    column("team_id", Integer),
    column("user_id", Integer),
    PrimaryKeyConstraint("account_id", "team_id", "user_id"),
    account_foreign_key("teams", "team_id"),
    account_foreign_key("users", "user_id"),
    Index(None, "account_id", "user_id"),
    sqlite_with_rowid=False,
)
