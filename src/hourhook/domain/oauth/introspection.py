"""What an application may know of its own tokens, and how it takes them back (contract, oauth.md, part C).

They may have come of the page in the browser, or have been made with a password.
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
    """The application that these are the credentials of (raises ``Unauthenticated``)."""
    application = applications.find(tx, client_id)
    if application is None or not application.is_secret_valid(client_secret):
        raise Unauthenticated
    return application


def show(tx: Transaction, application: Application, token: str, links: Links) -> Authorization:
    """Show what a token of the application stands for.

    Raises ``NotFound`` for one that opens nothing or is not the application's, and ``AccountLocked``.
    """
    row = _find(tx, application, token)
    if row.is_locked:
        raise AccountLocked
    if not row.is_user_enabled:
        raise NotFound
    return represent(links, row, token)


def find_account(tx: Transaction, application: Application, token: str) -> int:
    """The account that a token of the application opens (raises ``NotFound``)."""
    return int(_find(tx, application, token).account_id)


def revoke(tx: Transaction, application: Application, token: str) -> None:
    """Make one token of the application open nothing from now on, in the write of its account.

    What was made with a password goes with its token. Raises ``NotFound`` and ``AccountLocked``.
    """
    accounts.require_unlocked(tx)
    row = _find(tx, application, token)
    if row.token is None:
        tx.execute(_REVOKE, account=tx.account_id, id=row.token_id)
    else:
        revoking.revoke(tx, row.id)


def revoke_all(tx: Transaction, application: Application) -> None:
    """Take back whatever users of the transaction's account allowed the application (raises ``AccountLocked``)."""
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
