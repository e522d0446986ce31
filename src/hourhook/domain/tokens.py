"""Tokens that open the API: shown once, kept as hashes only (contract, 00-conventions §2).

Personal access tokens are made here; OAuth access tokens, which expire, are made in ``oauth.exchanging`` and kept in
the same table, so that one lookup finds either.
"""

import secrets

from sqlalchemy import bindparam, delete, select

from hourhook.domain.callers import hash_token
from hourhook.domain.oauth import revoking
from hourhook.errors import OperatorError
from hourhook.store.schema import accounts, tokens, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

_BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# Two runs of 25 characters of 36 kinds: 258 bits.
GROUP_LENGTH = 25


def create(tx: Transaction, user_id: int, name: str | None = None) -> str:
    """Make a personal access token for a user of the transaction's account; this is the only time it can be seen.

    Raises ``OperatorError`` for a user who is disabled or suspended, since the token would open nothing.
    """
    state = tx.value(_STATE, account=tx.account_id, user=user_id)
    if state in ("disabled", "suspended"):
        raise OperatorError(f"this user is {state}, so a token would not work: activate the user first")
    text = "-".join("".join(secrets.choice(_BASE_36) for _ in range(GROUP_LENGTH)) for _ in range(2))
    store(tx, text, user_id, name)
    return text


def store(
    tx: Transaction,
    text: str,
    user_id: int,
    name: str | None,
    *,
    authorization_id: int | None = None,
    expires_at: int | None = None,
) -> None:
    """Let a text open the API as a user of the transaction's account, until a moment or for good."""
    tx.insert(
        tokens,
        account_id=tx.account_id,
        user_id=user_id,
        name=name,
        hash=hash_token(text),
        created_at=tx.event_time,
        last_used_at=None,
        authorization_id=authorization_id,
        expires_at=expires_at,
    )


def list_all(tx: Transaction) -> list[Row]:
    """Every token of every account that has not expired.

    Of each ``id``, ``name``, ``account``, ``email``, ``created_at``, ``last_used_at`` and ``expires_at``.
    """
    return tx.all(_ALL, now=tx.started_at)


def find_account(tx: Transaction, id: int) -> int:
    """The account of a token; raises ``OperatorError`` when there is none of this number."""
    account_id = tx.value(_ACCOUNT, id=id)
    if account_id is None:
        raise _no_token(id)
    return int(account_id)


def revoke(tx: Transaction, id: int) -> None:
    """Make a token of the transaction's account open nothing from now on.

    With an OAuth token goes all that came of the same authorization, or the application would just get itself another.
    Raises ``OperatorError`` when there is none of this number.
    """
    row = tx.one(_OF_ACCOUNT, account=tx.account_id, id=id)
    if row is None:
        raise _no_token(id)
    if row.authorization_id is None:
        tx.execute(_REVOKE, account=tx.account_id, id=id)
    else:
        revoking.revoke(tx, row.authorization_id)


def _no_token(id: int) -> OperatorError:
    return OperatorError(f"there is no token with the id {id}: list them with `hourhook token list`")


_STATE = Statement(
    select(users.c.state).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)

_ALL = Statement(
    select(
        tokens.c.id,
        tokens.c.name,
        accounts.c.name.label("account"),
        users.c.email,
        tokens.c.created_at,
        tokens.c.last_used_at,
        tokens.c.expires_at,
    )
    .select_from(tokens)
    .join(users, (users.c.account_id == tokens.c.account_id) & (users.c.id == tokens.c.user_id))
    .join(accounts, accounts.c.id == tokens.c.account_id)
    .where(tokens.c.expires_at.is_(None) | (tokens.c.expires_at > bindparam("now")))
    .order_by(tokens.c.id)
)

_ACCOUNT = Statement(select(tokens.c.account_id).where(tokens.c.id == bindparam("id")))

_OF_ACCOUNT = Statement(
    select(tokens.c.authorization_id).where(tokens.c.account_id == bindparam("account"), tokens.c.id == bindparam("id"))
)

_REVOKE = Statement(delete(tokens).where(tokens.c.account_id == bindparam("account"), tokens.c.id == bindparam("id")))
