"""Signing in: an e-mail address and a password, and the users that they open.

An address may be known in several accounts, each with a password of its own. Nothing that is answered tells an unknown
address from a wrong password. First ``find_candidates``; then ``are_right``, outside of any transaction since it is
slow on purpose; then ``enter`` for each of them, in the write of its account.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from hourhook.domain import passwords, sessions
from hourhook.domain.callers import MAY_ENTER, find_caller
from hourhook.domain.links import Links
from hourhook.domain.texts import key_of
from hourhook.domain.users import states
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

LONGEST_EMAIL = 320


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user who may be the one that signs in."""

    account_id: int
    user_id: int
    password_hash: str


def find_candidates(tx: Transaction, email: str) -> Sequence[Candidate]:
    """The users with this address who have a password and are not shut out."""
    email = email.strip()
    if not email or len(email) > LONGEST_EMAIL or not email.isprintable():
        return []
    return [Candidate(row.account_id, row.id, row.password_hash) for row in tx.all(_BY_EMAIL, email=key_of(email))]


def are_right(candidates: Sequence[Candidate], password: str) -> Sequence[Candidate]:
    """Those whose password this is. Takes tens of milliseconds, also where there is nobody to compare with."""
    if not candidates:
        passwords.is_right(password, None)
    return [candidate for candidate in candidates if passwords.is_right(password, candidate.password_hash)]


def enter(tx: Transaction, candidate: Candidate, token: str, links: Links) -> bool:
    """Begin a session of this user under a token; False when he was shut out meanwhile, or has another password.

    A user who was invited is active from here on. Raises ``AccountLocked``.
    """
    caller = find_caller(tx, candidate.account_id, candidate.user_id, links)
    if caller is None or tx.value(_PASSWORD, account=caller.account_id, user=caller.user_id) != candidate.password_hash:
        return False
    caller.require_unlocked()
    states.begin(tx, caller)
    sessions.begin(tx, token, caller.user_id)
    return True


_BY_EMAIL = Statement(
    select(users.c.account_id, users.c.id, users.c.password_hash)
    .where(users.c.email_key == bindparam("email"), users.c.password_hash.is_not(None), MAY_ENTER)
    .order_by(users.c.account_id)
)

_PASSWORD = Statement(
    select(users.c.password_hash).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)
