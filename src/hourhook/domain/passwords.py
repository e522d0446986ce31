"""Passwords, of which a slow hash is all that is kept.

Hashing takes tens of milliseconds on purpose: never do it inside a transaction.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, update

from hourhook.domain import sessions
from hourhook.errors import OperatorError
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

MAX_LENGTH = 1024
# Of what people choose for themselves; whoever runs the server may set what he likes.
MIN_LENGTH = 8
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is stored of a password; raises ``OperatorError`` for one that is empty or longer than 1024 characters."""
    if not 1 <= len(password) <= MAX_LENGTH:
        raise OperatorError(f"a password must have 1 to {MAX_LENGTH} characters: choose another")
    return _hasher.hash(_as_bytes(password))


def has_valid_length(password: str) -> bool:
    """Whether people may choose this for themselves: from 8 characters on, of any kind."""
    return MIN_LENGTH <= len(password) <= MAX_LENGTH


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; as slow where there is none to compare with, so that time gives nothing away."""
    try:
        _hasher.verify(password_hash or _hash_of_nobody(), _as_bytes(password[: MAX_LENGTH + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def store(tx: Transaction, user_id: int, password_hash: str) -> None:
    """Set the password of a user of the transaction's account; whoever signed in with another one has to do it anew."""
    sessions.end_all(tx, user_id)
    tx.execute(_STORE, account=tx.account_id, user=user_id, hash=password_hash)


def _as_bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash(b"nobody's password")


_STORE = Statement(
    update(users)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
    .values(password_hash=bindparam("hash"))
)
