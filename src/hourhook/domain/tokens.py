"""Create, list and revoke access tokens, which are stored as hashes (``docs/api/conventions.md#authentication``).

Personal access tokens are created here. OAuth access tokens, which expire, are created in ``oauth.token_grants`` and
stored in the same table, so that one query finds either.
"""

import secrets

from sqlalchemy import bindparam, delete, select

from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller, hash_token
from hourhook.domain.oauth import revoking
from hourhook.errors import OperatorError
from hourhook.store.schema import accounts, tokens, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

_BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# Two groups of 25 base-36 characters have 258 bits of entropy.
GROUP_LENGTH = 25


def create(tx: Transaction, user_id: int, name: str | None = None, *, caller: Caller | None = None) -> str:
    """Create a personal access token for a user of the transaction's account, and return it in plain text.

    ``caller`` is None on the command line.
    Raises ``OperatorError`` if the user is disabled or suspended.
    """
    state = tx.value(_STATE, account=tx.account_id, user=user_id)
    if state in ("disabled", "suspended"):
        raise OperatorError(f"this user is {state}, so a token would not work: activate the user first")
    text = "-".join("".join(secrets.choice(_BASE_36) for _ in range(GROUP_LENGTH)) for _ in range(2))
    id = store(tx, text, user_id, name)
    record(tx, caller, "Token", id, "created", {"name": name, "user_id": user_id})
    return text


def store(
    tx: Transaction,
    text: str,
    user_id: int,
    name: str | None,
    *,
    authorization_id: int | None = None,
    expires_at: int | None = None,
) -> int:
    """Store a token of a user of the transaction's account; without ``expires_at`` it does not expire."""
    return tx.insert(
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
    """Return the unexpired tokens of all accounts.

    The rows have ``id``, ``name``, ``account``, ``email``, ``created_at``, ``last_used_at`` and ``expires_at``.
    """
    return tx.all(_ALL, now=tx.started_at)


def find_account(tx: Transaction, id: int) -> int:
    """Return the account id of a token; raises ``OperatorError`` if there is no such token."""
    account_id = tx.value(_ACCOUNT, id=id)
    if account_id is None:
        raise _no_token(id)
    return int(account_id)


def revoke(tx: Transaction, id: int) -> None:
    """Revoke a token of the transaction's account, on the command line.

    An OAuth token takes its whole authorization with it; otherwise the application would refresh it.
    Raises ``OperatorError`` if there is no such token.
    """
    row = tx.one(_OF_ACCOUNT, account=tx.account_id, id=id)
    if row is None:
        raise _no_token(id)
    if row.authorization_id is None:
        tx.execute(_REVOKE, account=tx.account_id, id=id)
        record(tx, None, "Token", id, "revoked", {"name": row.name, "user_id": row.user_id})
    else:
        revoking.revoke(tx, None, row.authorization_id)


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
    select(tokens.c.authorization_id, tokens.c.name, tokens.c.user_id).where(
        tokens.c.account_id == bindparam("account"), tokens.c.id == bindparam("id")
    )
)

_REVOKE = Statement(delete(tokens).where(tokens.c.account_id == bindparam("account"), tokens.c.id == bindparam("id")))
