"""The key canary: a text that is stored encrypted with the secret key, so that a wrong key is found at start.

Without it, a wrong key would be found only at the first payload, and new secrets would be encrypted with it meanwhile.
"""

from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects import postgresql, sqlite

from hourhook.crypto import Keyring
from hourhook.errors import OperatorError
from hourhook.store.schema import key_canaries, webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

CANARY = "hourhook"
# There is one row.
_ID = 1


def is_stored(tx: Transaction) -> bool:
    """Return whether a key has been used with this database. An SQLite database may have an older schema."""
    if tx.dialect == "sqlite" and not tx.value(_TABLE_EXISTS):
        return False
    return tx.value(_FIND) is not None


def check(tx: Transaction, keyring: Keyring) -> None:
    """Raise ``OperatorError`` unless the key is the one that the database was used with."""
    stored = tx.value(_FIND)
    if stored is not None:
        keyring.decrypt_uncached(stored)


def store(tx: Transaction, keyring: Keyring) -> None:
    """Store the canary if there is none yet.

    Raises ``OperatorError`` if the key cannot decrypt the secret of any webhook: the canary is newer than they are.
    """
    if tx.value(_FIND) is None:
        _check_webhooks(tx, keyring)
        tx.execute(_STORE, id=_ID, canary=keyring.encrypt(CANARY))
    # Another process may have stored one meanwhile.
    check(tx, keyring)


def replace(tx: Transaction, keyring: Keyring) -> None:
    """Make the key the one of this database, although its secrets may be encrypted with another."""
    tx.execute(_REPLACE, id=_ID, canary=keyring.encrypt(CANARY))


def _check_webhooks(tx: Transaction, keyring: Keyring) -> None:
    failure: OperatorError | None = None
    for row in tx.all(_SOME_SECRETS):
        try:
            keyring.decrypt_uncached(row.secret)
            return
        except OperatorError as error:
            failure = error
    if failure is not None:
        raise failure


def _insert(insert: Any) -> Any:
    return insert(key_canaries).values(id=bindparam("id"), canary=bindparam("canary"))


def _upsert(insert: Any) -> Any:
    new = _insert(insert)
    return new.on_conflict_do_update(index_elements=["id"], set_={"canary": new.excluded.canary})


_TABLE_EXISTS = Statement(text("SELECT count(*) FROM sqlite_master WHERE name = 'key_canaries'"))
_FIND = Statement(select(key_canaries.c.canary))
_STORE = Statement(_insert(sqlite.insert).on_conflict_do_nothing(), _insert(postgresql.insert).on_conflict_do_nothing())
_REPLACE = Statement(_upsert(sqlite.insert), _upsert(postgresql.insert))
_SOME_SECRETS = Statement(select(webhooks.c.secret).order_by(webhooks.c.id).limit(10))
