"""Authenticate callers, and check their role and their account's features (``docs/api/conventions.md#roles``)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, null, select, update

from hourhook.domain.links import Links
from hourhook.errors import AccountLocked, FeatureNotIncluded, Forbidden
from hourhook.store.schema import accounts, tokens, users
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

ROLES = ("supervisor", "leader", "coworker", "contractor")
_RANKS = {role: rank for rank, role in enumerate(reversed(ROLES))}
# Users in these states cannot authenticate, and nothing is sent to them.
BLOCKED_STATES = ("disabled", "suspended")
FEATURES = ("invoicing", "approvals")
MAX_TOKEN_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Caller:
    """The user who makes a request, with the settings of the account."""

    account_id: int
    user_id: int
    role: str
    is_owner: bool
    time_zone: str
    links: Links
    invoicing_enabled: bool
    approvals_enabled: bool
    tag_creation_role: str
    default_billing_increment: int
    max_users: int | None
    max_projects: int | None
    is_account_locked: bool = False
    # The position of the account's last event when the caller was found.
    log_position: int = 0
    # None unless the caller authenticated with a token.
    token_id: int | None = None
    token_last_used_at: int | None = None
    # Whether an administrator acts through this user on the command line.
    is_operator: bool = False

    @property
    def actor_id(self) -> int | None:
        """The id of the user who acts; None on the command line."""
        return None if self.is_operator else self.user_id

    def has_role(self, role: str) -> bool:
        """Return whether the caller has this role or a higher one."""
        return _RANKS[self.role] >= _RANKS[role]

    @property
    def is_scoped(self) -> bool:
        """Whether the caller sees only the projects they have access to."""
        return not self.has_role("leader")

    def require_role(self, role: str) -> None:
        """Raise ``Forbidden`` for a caller below this role."""
        if not self.has_role(role):
            raise Forbidden

    def require_feature(self, feature: str) -> None:
        """Raise ``FeatureNotIncluded`` if ``invoicing`` or ``approvals`` is off in the account."""
        if not self.has_feature(feature):
            raise FeatureNotIncluded

    def has_feature(self, feature: str) -> bool:
        """Return whether ``invoicing`` or ``approvals`` is on in the account."""
        return self.invoicing_enabled if feature == "invoicing" else self.approvals_enabled

    def require_unlocked(self) -> None:
        """Raise ``AccountLocked`` if an administrator has locked the account."""
        if self.is_account_locked:
            raise AccountLocked


def authenticate(tx: Transaction, token: str, links: Links) -> Caller | None:
    """Return the caller of a token; None if it is unknown, revoked or expired, or its user disabled or suspended."""
    if not token or len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        return None
    return make_caller(tx.one(_BY_TOKEN, hash=hash_token(token), now=tx.started_at), links)


def find_caller(tx: Transaction, account_id: int, user_id: int, links: Links) -> Caller | None:
    """Return a user as a caller, authenticated by other means; None if deleted, disabled or suspended."""
    return make_caller(tx.one(_BY_USER, account=account_id, user=user_id), links)


def record_last_used(tx: Transaction, token_ids: Sequence[int]) -> None:
    """Store the current time as the last use of these tokens."""
    tx.execute(_SET_LAST_USED, ids=[*token_ids], now=tx.event_time)


def hash_token(token: str) -> str:
    """Return the hash under which a token is stored: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_caller(row: Row | None, links: Links) -> Caller | None:
    """Return the caller in a row of ``CALLER_COLUMNS`` with a token's columns; None without a row."""
    if row is None:
        return None
    is_owner = row.owner_id == row.user_id
    return Caller(
        account_id=row.account_id,
        user_id=row.user_id,
        role="supervisor" if is_owner else row.role,
        is_owner=is_owner,
        time_zone=row.time_zone,
        links=links,
        invoicing_enabled=row.invoicing_enabled,
        approvals_enabled=row.approvals_enabled,
        tag_creation_role=row.tag_creation_role,
        default_billing_increment=row.default_billing_increment,
        max_users=row.max_users,
        max_projects=row.max_projects,
        is_account_locked=row.is_locked,
        log_position=row.last_position,
        token_id=row.token_id,
        token_last_used_at=row.last_used_at,
    )


CALLER_COLUMNS = (
    accounts.c.id.label("account_id"),
    users.c.id.label("user_id"),
    users.c.role,
    users.c.time_zone,
    accounts.c.owner_id,
    accounts.c.invoicing_enabled,
    accounts.c.approvals_enabled,
    accounts.c.tag_creation_role,
    accounts.c.default_billing_increment,
    accounts.c.max_users,
    accounts.c.max_projects,
    accounts.c.is_locked,
    accounts.c.last_position,
)


IS_USER_ENABLED = and_(*(users.c.state != state for state in BLOCKED_STATES))
_OF_ACCOUNT = users.c.account_id == accounts.c.id

_BY_TOKEN = Statement(
    select(*CALLER_COLUMNS, tokens.c.id.label("token_id"), tokens.c.last_used_at)
    .select_from(tokens)
    .join(users, (users.c.account_id == tokens.c.account_id) & (users.c.id == tokens.c.user_id))
    .join(accounts, _OF_ACCOUNT)
    .where(
        tokens.c.hash == bindparam("hash"),
        tokens.c.expires_at.is_(None) | (tokens.c.expires_at > bindparam("now")),
        IS_USER_ENABLED,
    )
)

_BY_USER = Statement(
    select(*CALLER_COLUMNS, null().label("token_id"), null().label("last_used_at"))
    .select_from(users)
    .join(accounts, _OF_ACCOUNT)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"), IS_USER_ENABLED)
)

_SET_LAST_USED = Statement(update(tokens).where(any_of(tokens.c.id, "ids")).values(last_used_at=bindparam("now")))
