"""Revoke authorizations of applications, with all their tokens."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from hourhook.store.schema import authorizations, refresh_tokens, tokens
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def revoke(tx: Transaction, authorization_id: int) -> None:
    """Revoke an authorization of the transaction's account."""
    _revoke(tx, [authorization_id])


def revoke_for_application(tx: Transaction, application_id: int) -> None:
    """Revoke all authorizations of an application in the transaction's account."""
    rows = tx.all(_OF_APPLICATION, account=tx.account_id, application=application_id)
    _revoke(tx, [row.id for row in rows])


def revoke_for_user(tx: Transaction, user_id: int) -> None:
    """Revoke all authorizations of a user of the transaction's account."""
    _revoke(tx, [row.id for row in tx.all(_OF_USER, account=tx.account_id, user=user_id)])


def find_accounts(tx: Transaction, application_id: int) -> Sequence[int]:
    """Return the ids of the accounts in which an application has authorizations."""
    return [row.account_id for row in tx.all(_ACCOUNTS, application=application_id)]


def _revoke(tx: Transaction, ids: list[int]) -> None:
    if ids:
        for statement in _REVOKE:
            tx.execute(statement, account=tx.account_id, ids=ids)


_OF_APPLICATION = Statement(
    select(authorizations.c.id).where(
        authorizations.c.account_id == bindparam("account"), authorizations.c.application_id == bindparam("application")
    )
)

_OF_USER = Statement(
    select(authorizations.c.id).where(
        authorizations.c.account_id == bindparam("account"), authorizations.c.user_id == bindparam("user")
    )
)

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
