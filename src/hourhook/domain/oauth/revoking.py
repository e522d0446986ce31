"""Revoke authorizations of applications, with all their tokens.

``caller`` is None if the application, the command line or the server itself revokes.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.store.schema import applications, authorizations, refresh_tokens, tokens
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


def revoke(tx: Transaction, caller: Caller | None, authorization_id: int) -> None:
    """Revoke an authorization of the transaction's account."""
    _revoke(tx, caller, tx.all(_OF_ID, account=tx.account_id, id=authorization_id))


def revoke_for_application(tx: Transaction, application_id: int) -> None:
    """Revoke all authorizations of an application in the transaction's account."""
    _revoke(tx, None, tx.all(_OF_APPLICATION, account=tx.account_id, application=application_id))


def revoke_for_user(tx: Transaction, caller: Caller, user_id: int) -> None:
    """Revoke all authorizations of a user of the transaction's account."""
    _revoke(tx, caller, tx.all(_OF_USER, account=tx.account_id, user=user_id))


def find_accounts(tx: Transaction, application_id: int) -> Sequence[int]:
    """Return the ids of the accounts in which an application has authorizations."""
    return [row.account_id for row in tx.all(_ACCOUNTS, application=application_id)]


def _revoke(tx: Transaction, caller: Caller | None, rows: Sequence[Row]) -> None:
    if not rows:
        return
    for statement in _REVOKE:
        tx.execute(statement, account=tx.account_id, ids=[row.id for row in rows])
    for row in rows:
        details = {"application": row.name, "user_id": row.user_id}
        record(tx, caller, "Authorization", row.id, "deleted", details)


_OF_ACCOUNT = (
    select(authorizations.c.id, authorizations.c.user_id, applications.c.name)
    .join_from(authorizations, applications, applications.c.id == authorizations.c.application_id)
    .where(authorizations.c.account_id == bindparam("account"))
)
_OF_ID = Statement(_OF_ACCOUNT.where(authorizations.c.id == bindparam("id")))
_OF_APPLICATION = Statement(_OF_ACCOUNT.where(authorizations.c.application_id == bindparam("application")))
_OF_USER = Statement(_OF_ACCOUNT.where(authorizations.c.user_id == bindparam("user")))

_ACCOUNTS = Statement(
    select(authorizations.c.account_id)
    .where(authorizations.c.application_id == bindparam("application"))
    .distinct()
    .order_by(authorizations.c.account_id)
)

_REVOKE = [
    Statement(delete(table).where(table.c.account_id == bindparam("account"), any_of(column, "ids")))
    for table, column in (
        (tokens, tokens.c.authorization_id),
        (refresh_tokens, refresh_tokens.c.authorization_id),
        (authorizations, authorizations.c.id),
    )
]
