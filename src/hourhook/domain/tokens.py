"""Personal access tokens: shown once, kept as hashes only (contract, 00-conventions §2)."""

import secrets

from sqlalchemy import bindparam, delete, select

from hourhook.domain.callers import hash_of
from hourhook.errors import Problem
from hourhook.store.schema import accounts, tokens, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

_BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# Two runs of 25 characters of 36 kinds: 258 bits.
RUN_LENGTH = 25


def create(tx: Transaction, user_id: int, name: str | None = None) -> str:
    """Make a token for a user of the transaction's account; this is the only time it can be seen.

    Raises ``Problem`` for a user who is disabled or suspended, since the token would open nothing.
    """
    state = tx.value(_STATE, account=tx.account_id, user=user_id)
    if state in ("disabled", "suspended"):
        raise Problem(f"this user is {state}, so a token would open nothing: activate the user first")
    text = "-".join("".join(secrets.choice(_BASE_36) for _ in range(RUN_LENGTH)) for _ in range(2))
    tx.insert(
        tokens,
        account_id=tx.account_id,
        user_id=user_id,
        name=name,
        hash=hash_of(text),
        created_at=tx.now,
        last_used_at=None,
    )
    return text


def read_all(tx: Transaction) -> list[Row]:
    """Every token of every account: ``id``, ``name``, ``account``, ``email``, ``created_at``, ``last_used_at``."""
    return tx.all(_ALL)


def revoke(tx: Transaction, id: int) -> None:
    """Make a token open nothing from now on; raises ``Problem`` when there is none of this number."""
    if not tx.run(_REVOKE, id=id):
        raise Problem(f"there is no token {id}: `hourhook token list` shows them")


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
    )
    .select_from(tokens)
    .join(users, (users.c.account_id == tokens.c.account_id) & (users.c.id == tokens.c.user_id))
    .join(accounts, accounts.c.id == tokens.c.account_id)
    .order_by(tokens.c.id)
)

_REVOKE = Statement(delete(tokens).where(tokens.c.id == bindparam("id")))
