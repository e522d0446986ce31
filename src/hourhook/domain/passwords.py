"""Hash, verify and store passwords (Argon2id).

Hashing takes tens of milliseconds by design: never do it inside a transaction.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, update

from hourhook.domain import sessions
from hourhook.domain.audit.recording import record
from hourhook.errors import OperatorError
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

MAX_LENGTH = 1024
# For passwords that users choose themselves; an administrator may set any length.
MIN_LENGTH = 8
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Hash a password; raises ``OperatorError`` if it is empty or longer than ``MAX_LENGTH``."""
    if not 1 <= len(password) <= MAX_LENGTH:
        raise OperatorError(f"a password must have 1 to {MAX_LENGTH} characters: choose another")
    return _hasher.hash(_encode(password))


def has_valid_length(password: str) -> bool:
    """Return whether a user may choose this password; any characters are allowed."""
    return MIN_LENGTH <= len(password) <= MAX_LENGTH


def verify_password(password: str, password_hash: str | None) -> bool:
    """Verify a password against its hash.

    Without a hash it takes as long and returns False, so that timing does not reveal which users exist.
    """
    try:
        _hasher.verify(password_hash or _dummy_hash(), _encode(password[: MAX_LENGTH + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def store(tx: Transaction, user_id: int, password_hash: str) -> None:
    """Set the password of a user of the transaction's account on the command line, and end their sessions."""
    sessions.end_all(tx, user_id)
    set_hash(tx, user_id, password_hash)
    record(tx, None, "User", user_id, "password_changed")


def set_hash(tx: Transaction, user_id: int, password_hash: str) -> None:
    """Set the password of a user of the transaction's account; their sessions go on."""
    tx.execute(_STORE, account=tx.account_id, user=user_id, hash=password_hash)


def _encode(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@cache
def _dummy_hash() -> str:
    return _hasher.hash(b"dummy password")


_STORE = Statement(
    update(users)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
    .values(password_hash=bindparam("hash"))
)
