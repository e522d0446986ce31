"""Token introspection and revocation by an application, for its own tokens (`docs/api/oauth.md#token-introspection`).

Covers both kinds of tokens: those granted in the browser, and those created with a password.
"""

from sqlalchemy import bindparam, delete

from hourhook.domain import accounts
from hourhook.domain.callers import IS_USER_ENABLED, MAX_TOKEN_LENGTH, hash_token
from hourhook.domain.links import Links
from hourhook.domain.oauth import applications, revoking
from hourhook.domain.oauth.applications import Application
from hourhook.domain.oauth.representations import AUTHORIZATION_SELECT, Authorization, represent
from hourhook.errors import AccountLocked, NotFound, Unauthenticated
from hourhook.store import schema
from hourhook.store.schema import authorizations, tokens, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction


def authenticate(tx: Transaction, client_id: str, client_secret: str) -> Application:
    """Return the application with these credentials; raises ``Unauthenticated``."""
    application = applications.find(tx, client_id)
    if application is None or not application.is_secret_valid(client_secret):
        raise Unauthenticated
    return application


def show(tx: Transaction, application: Application, token: str, links: Links) -> Authorization:
    """Return the authorization of a token.

    Raises ``NotFound`` if the token is invalid or belongs to another application, and ``AccountLocked``.
    """
    row = _find(tx, application, token)
    if row.is_locked:
        raise AccountLocked
    if not row.is_user_enabled:
        raise NotFound
    return represent(links, row, token)


def find_account(tx: Transaction, application: Application, token: str) -> int:
    """Return the account id of a token of the application; raises ``NotFound``."""
    return int(_find(tx, application, token).account_id)


def revoke(tx: Transaction, application: Application, token: str) -> None:
    """Revoke one token of the application, in the write of its account.

    An authorization created with a password is deleted with its token. Raises ``NotFound`` and ``AccountLocked``.
    """
    accounts.require_unlocked(tx)
    row = _find(tx, application, token)
    if row.token is None:
        tx.execute(_REVOKE, account=tx.account_id, id=row.token_id)
    else:
        revoking.revoke(tx, None, row.id)


def revoke_all(tx: Transaction, application: Application) -> None:
    """Revoke all authorizations of the application in the transaction's account; raises ``AccountLocked``."""
    accounts.require_unlocked(tx)
    revoking.revoke_for_application(tx, application.id)


def _find(tx: Transaction, application: Application, token: str) -> Row:
    row = None
    if len(token) <= MAX_TOKEN_LENGTH and token.isascii():
        row = tx.one(_BY_TOKEN, hash=hash_token(token), application=application.id, now=tx.started_at)
    if row is None:
        raise NotFound
    return row


_BY_TOKEN = Statement(
    AUTHORIZATION_SELECT.add_columns(
        authorizations.c.account_id,
        schema.accounts.c.is_locked,
        IS_USER_ENABLED.label("is_user_enabled"),
        tokens.c.id.label("token_id"),
    )
    .join(
        tokens,
        (tokens.c.account_id == authorizations.c.account_id) & (tokens.c.authorization_id == authorizations.c.id),
    )
    .join(users, (users.c.account_id == tokens.c.account_id) & (users.c.id == tokens.c.user_id))
    .where(
        tokens.c.hash == bindparam("hash"),
        tokens.c.expires_at.is_(None) | (tokens.c.expires_at > bindparam("now")),
        authorizations.c.application_id == bindparam("application"),
    )
)

_REVOKE = Statement(delete(tokens).where(tokens.c.account_id == bindparam("account"), tokens.c.id == bindparam("id")))
