"""The key canary: a text that is stored encrypted with the secret key, so that a wrong key is found at start.

Without it, a wrong key would be found only at the first payload, and new secrets would be encrypted with it meanwhile.
"""

from sqlalchemy import select, text

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


_TABLE_EXISTS = Statement(text("SELECT count(*) FROM sqlite_master WHERE name = 'key_canaries'"))
_FIND = Statement(select(key_canaries.c.canary))
_INSERT = "INSERT INTO key_canaries (id, canary) VALUES (:id, :canary) ON CONFLICT (id)"
_STORE = Statement(text(f"{_INSERT} DO NOTHING"))
_REPLACE = Statement(text(f"{_INSERT} DO UPDATE SET canary = excluded.canary"))
_SOME_SECRETS = Statement(select(webhooks.c.secret).order_by(webhooks.c.id).limit(10))
