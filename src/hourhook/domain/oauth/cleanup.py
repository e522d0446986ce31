"""Cleanup of expired sessions, codes and tokens.

Each task deletes one batch and returns the number of rows. Expired rows have no effect, so it does not matter when they
are deleted; the margin is for requests that read a row just before it expired.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, select, tuple_

from hourhook.clock import DAY
from hourhook.store.schema import authorizations, refresh_tokens, sessions, tokens
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

BATCH = 500
MARGIN = DAY


def delete_sessions(tx: Transaction) -> int:
    return _delete_batch(tx, _SESSIONS)


def delete_access_tokens(tx: Transaction) -> int:
    return _delete_batch(tx, _ACCESS_TOKENS)


def delete_refresh_tokens(tx: Transaction) -> int:
    """Delete expired refresh tokens, and used ones that are no longer needed to detect reuse."""
    return _delete_batch(tx, _REFRESH_TOKENS)


def delete_authorizations(tx: Transaction) -> int:
    """Delete authorizations with an expired code, and those without any tokens left."""
    return _delete_batch(tx, _UNUSED) + _delete_batch(tx, _SPENT)


CLEANUP_TASKS: tuple[Callable[[Transaction], int], ...] = (
    delete_sessions,
    delete_access_tokens,
    delete_refresh_tokens,
    delete_authorizations,
)


def _delete_batch(tx: Transaction, statement: Statement) -> int:
    return tx.execute(statement, horizon=tx.started_at - MARGIN, batch=BATCH)


def _deletion(table: Table, condition: ColumnElement[bool]) -> Statement:
    key = [*table.primary_key.columns]
    # Rows that another transaction has locked are left for the next run.
    batch = select(*key).where(condition).limit(bindparam("batch")).with_for_update(skip_locked=True)
    return Statement(delete(table).where(tuple_(*key).in_(batch)))


_SESSIONS = _deletion(sessions, sessions.c.expires_at < bindparam("horizon"))
_ACCESS_TOKENS = _deletion(tokens, tokens.c.expires_at < bindparam("horizon"))
_REFRESH_TOKENS = _deletion(refresh_tokens, refresh_tokens.c.expires_at < bindparam("horizon"))
_UNUSED = _deletion(
    authorizations, authorizations.c.code_used_at.is_(None) & (authorizations.c.code_expires_at < bindparam("horizon"))
)
_SPENT = _deletion(
    authorizations,
    authorizations.c.code_used_at.is_not(None)
    & (authorizations.c.code_used_at < bindparam("horizon"))
    & ~exists(
        select(refresh_tokens.c.hash).where(
            refresh_tokens.c.account_id == authorizations.c.account_id,
            refresh_tokens.c.authorization_id == authorizations.c.id,
        )
    )
    # The last access token may outlive the last refresh token, and ``token revoke`` needs its authorization.
    & ~exists(
        select(tokens.c.id).where(
            tokens.c.account_id == authorizations.c.account_id, tokens.c.authorization_id == authorizations.c.id
        )
    ),
)
