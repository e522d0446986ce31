"""Shorten lifetimes that are longer than any can be, because a clock was ahead when they began.

Otherwise a session or a token would stay valid for as long as the clock was ahead (``docs/how-it-works.md#time``).
"""

from typing import Any

from sqlalchemy import Column, bindparam, select, tuple_, update

from hourhook.clock import SECOND
from hourhook.domain import sessions as session_rules
from hourhook.domain.oauth.authorization_requests import CODE_SECONDS
from hourhook.domain.oauth.token_grants import REFRESH_TOKEN_SECONDS
from hourhook.store.schema import authorizations, refresh_tokens, sessions, tokens
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

BATCH = 500


def shorten_lifetimes(tx: Transaction) -> int:
    """Let a batch of sessions, codes and tokens end when they would if they began now; return how many."""
    return sum(
        tx.execute(statement, latest=tx.started_at + seconds * SECOND, batch=BATCH) for statement, seconds in _SHORTEN
    )


def _shortening(expiry: Column[Any]) -> Statement:
    key = [*expiry.table.primary_key.columns]
    # Rows that another transaction has locked are left for the next run.
    batch = select(*key).where(expiry > bindparam("latest")).limit(bindparam("batch")).with_for_update(skip_locked=True)
    return Statement(update(expiry.table).where(tuple_(*key).in_(batch)).values({expiry.name: bindparam("latest")}))


_SHORTEN = (
    (_shortening(sessions.c.expires_at), session_rules.LIFETIME_SECONDS),
    (_shortening(refresh_tokens.c.expires_at), REFRESH_TOKEN_SECONDS),
    # The lifetime of access tokens is a setting; those without an end have none here.
    (_shortening(tokens.c.expires_at), REFRESH_TOKEN_SECONDS),
    (_shortening(authorizations.c.code_expires_at), CODE_SECONDS),
)
