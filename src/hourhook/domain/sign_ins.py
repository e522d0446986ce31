"""Sign in with an e-mail address and a password.

1. ``find_candidates`` reads the users with the address: one per account, each with its own password.
2. ``filter_by_password`` verifies the password. It is slow by design, so call it outside of transactions.
3. ``sign_in`` begins a session for each user, in a write transaction of the user's account.

The result does not tell an unknown address from a wrong password.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from hourhook.domain import passwords, sessions
from hourhook.domain.callers import IS_USER_ENABLED, Caller, find_caller
from hourhook.domain.links import Links
from hourhook.domain.search_keys import search_key
from hourhook.domain.users import states
from hourhook.errors import Unauthenticated
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

MAX_EMAIL_LENGTH = 320


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user whose password has still to be verified."""

    account_id: int
    account_name: str
    user_id: int
    profile_image_url: str | None
    password_hash: str


def find_candidates(tx: Transaction, email: str) -> Sequence[Candidate]:
    """Return the enabled users with this address and a password, ordered by account name."""
    email = email.strip()
    if not email or len(email) > MAX_EMAIL_LENGTH or not email.isprintable():
        return []
    return [_candidate(row) for row in tx.all(_BY_EMAIL, email=search_key(email))]


def find_candidate(tx: Transaction, account_id: int, user_id: int) -> Candidate | None:
    """Return a user if they are enabled and have a password."""
    row = tx.one(_BY_ID, account=account_id, user=user_id)
    return None if row is None else _candidate(row)


def filter_by_password(candidates: Sequence[Candidate], password: str) -> Sequence[Candidate]:
    """Return the candidates with this password; takes as long without candidates, against timing attacks."""
    if not candidates:
        passwords.verify_password(password, None)
    return [candidate for candidate in candidates if passwords.verify_password(password, candidate.password_hash)]


def sign_in(tx: Transaction, candidate: Candidate, token: str, links: Links, user_agent: str = "") -> bool:
    """Begin a session of this user under a token, and activate a pending user.

    Returns False if the user has been disabled or suspended, or their password changed, since ``find_candidates``.
    Raises ``AccountLocked``.
    """
    try:
        caller = require_caller(tx, candidate, links)
    except Unauthenticated:
        return False
    states.activate_pending(tx, caller)
    sessions.begin(tx, token, caller.user_id, user_agent)
    return True


def require_caller(tx: Transaction, candidate: Candidate, links: Links) -> Caller:
    """Return the caller of a candidate whose password was verified.

    Raises ``Unauthenticated`` if the user has been disabled or suspended, or their password changed, since
    ``find_candidates``; raises ``AccountLocked``.
    """
    caller = find_caller(tx, candidate.account_id, candidate.user_id, links)
    if caller is None or tx.value(_PASSWORD, account=caller.account_id, user=caller.user_id) != candidate.password_hash:
        raise Unauthenticated
    caller.require_unlocked()
    return caller


def _candidate(row: Row) -> Candidate:
    return Candidate(row.account_id, row.account_name, row.id, row.profile_image_url, row.password_hash)


_CANDIDATES = (
    select(
        users.c.account_id,
        accounts.c.name.label("account_name"),
        users.c.id,
        users.c.profile_image_url,
        users.c.password_hash,
    )
    .join_from(users, accounts, accounts.c.id == users.c.account_id)
    .where(users.c.password_hash.is_not(None), IS_USER_ENABLED)
)
_BY_EMAIL = Statement(_CANDIDATES.where(users.c.email_key == bindparam("email")).order_by(func.lower(accounts.c.name)))
_BY_ID = Statement(_CANDIDATES.where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user")))

_PASSWORD = Statement(
    select(users.c.password_hash).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)
