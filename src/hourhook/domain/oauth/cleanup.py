"""Clearing away what time has ended: sessions, codes and tokens.

Each chore deletes one batch and returns how many rows went. Nothing is asked of a row that expired, so it makes no
difference when it goes; but a request that looked at it a moment before may still be on its way, hence the margin.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, select, tuple_

from hourhook.clock import DAY
from hourhook.store.schema import authorizations, refresh_tokens, sessions, tokens
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

BATCH = 500
MARGIN = DAY


def clear_sessions(tx: Transaction) -> int:
    """Delete sessions that are over."""
    return _clear(tx, _SESSIONS)


def clear_access_tokens(tx: Transaction) -> int:
    """Delete access tokens that expired."""
    return _clear(tx, _ACCESS_TOKENS)


def clear_refresh_tokens(tx: Transaction) -> int:
    """Delete refresh tokens that expired, and used ones that need not be remembered any more."""
    return _clear(tx, _REFRESH_TOKENS)


def clear_authorizations(tx: Transaction) -> int:
    """Delete authorizations of which nothing can come any more."""
    return _clear(tx, _UNUSED) + _clear(tx, _SPENT)


CLEANUP_TASKS: tuple[Callable[[Transaction], int], ...] = (
    clear_sessions,
    clear_access_tokens,
    clear_refresh_tokens,
    clear_authorizations,
)


def _clear(tx: Transaction, statement: Statement) -> int:
    return tx.execute(statement, horizon=tx.started_at - MARGIN, batch=BATCH)


def _delete(table: Table, condition: ColumnElement[bool]) -> Statement:
    key = [*table.primary_key.columns]
    # Rows that somebody is at work on wait for the next round.
    batch = select(*key).where(condition).limit(bindparam("batch")).with_for_update(skip_locked=True)
    return Statement(delete(table).where(tuple_(*key).in_(batch)))


_SESSIONS = _delete(sessions, sessions.c.expires_at < bindparam("horizon"))
_ACCESS_TOKENS = _delete(tokens, tokens.c.expires_at < bindparam("horizon"))
_REFRESH_TOKENS = _delete(refresh_tokens, refresh_tokens.c.expires_at < bindparam("horizon"))
_UNUSED = _delete(
    authorizations, authorizations.c.code_used_at.is_(None) & (authorizations.c.code_expires_at < bindparam("horizon"))
)
_SPENT = _delete(
    authorizations,
    authorizations.c.code_used_at.is_not(None)
    & (authorizations.c.code_used_at < bindparam("horizon"))
    & ~exists(
        select(refresh_tokens.c.hash).where(
            refresh_tokens.c.account_id == authorizations.c.account_id,
            refresh_tokens.c.authorization_id == authorizations.c.id,
        )
    )
    # The last access token may outlive the last refresh token; ``token revoke`` goes by the authorization.
    & ~exists(
        select(tokens.c.id).where(
            tokens.c.account_id == authorizations.c.account_id, tokens.c.authorization_id == authorizations.c.id
        )
    ),
)
