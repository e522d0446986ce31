"""What the protocol's library (oauthlib) asks about applications, codes and tokens, answered from the database.

The library knows the order in which a request is checked, and what each refusal is called; these know what is true. One
validator serves one request, and keeps what it found for whoever carries out the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oauthlib.common import Request
from oauthlib.oauth2 import RequestValidator
from sqlalchemy import ColumnElement, Select, bindparam, null, select

from hourhook.domain.callers import IS_USER_ENABLED, hash_token
from hourhook.domain.oauth import applications, redirects
from hourhook.domain.oauth.applications import Application
from hourhook.store.schema import authorizations, refresh_tokens, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

FindApplication = Callable[[Transaction, str], Application | None]


class AuthorizationRequestValidator(RequestValidator):  # type: ignore[misc]  # the library has no types
    """Answers for the request that a user's browser brings."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__()
        self._tx = tx
        self.application: Application | None = None

    def validate_client_id(self, client_id: str, request: Request) -> bool:
        """Whether there is such an application."""
        self.application = applications.find(self._tx, client_id)
        return self.application is not None

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Request) -> bool:
        """Whether the application may have its users sent there."""
        assert self.application is not None
        return redirects.is_allowed_redirect(redirect_uri, self.application.callback_url)

    def get_default_redirect_uri(self, client_id: str, request: Request) -> str:
        """Where its users are sent if it does not say."""
        assert self.application is not None
        return self.application.callback_url

    def validate_response_type(self, client_id: str, response_type: str, client: object, request: Request) -> bool:
        """Every application may ask for a code."""
        return True

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Whether it has to prove in the end that it is the one that asks now."""
        assert self.application is not None
        return self.application.is_public

    def get_default_scopes(self, client_id: str, request: Request) -> list[str]:
        """There are no scopes."""
        return []

    def validate_scopes(self, client_id: str, scopes: list[str], client: object, request: Request) -> bool:
        """There are none to refuse."""
        return True


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """The authorization that a code or a refresh token belongs to."""

    id: int
    user_id: int
    # Of the refresh token; None for a code.
    token_hash: str | None


class TokenRequestValidator(RequestValidator):  # type: ignore[misc]  # the library has no types
    """Answers for an application that wants tokens.

    ``token_grant`` is the authorization that it may have them for. ``reused_authorization_id`` is one whose code or
    refresh token was used before: somebody has a copy of it, so that its tokens are to be revoked. ``find_application``
    is ``find_for_share`` in a write and ``find`` elsewhere.
    """

    def __init__(self, tx: Transaction, find_application: FindApplication) -> None:
        super().__init__()
        self._tx = tx
        self._find_application = find_application
        self.application: Application | None = None
        self.token_grant: TokenGrant | None = None
        self.reused_authorization_id: int | None = None
        self._challenge: str | None = None

    def client_authentication_required(self, request: Request) -> bool:
        """Whether the application has a secret that it must know; also asked of one that is unknown."""
        self.application = self._find_application(self._tx, request.client_id)
        return self.application is None or not self.application.is_public

    def authenticate_client(self, request: Request) -> bool:
        """Whether it knows its secret."""
        request.client = self.application
        return self.application is not None and self.application.is_secret_valid(request.client_secret or "")

    def authenticate_client_id(self, client_id: str, request: Request) -> bool:
        """Whether it is public as it says: one that sends a secret takes itself for another."""
        request.client = self.application
        return request.client_secret is None

    def validate_grant_type(self, client_id: str, grant_type: str, client: Application, request: Request) -> bool:
        """Every application may use codes and refresh tokens."""
        return True

    def validate_code(self, client_id: str, code: str, client: Application, request: Request) -> bool:
        """Whether the code is this application's, fresh, and asked for in the same words."""
        row = self._tx.one(_BY_CODE, hash=hash_token(code), application=client.id)
        if row is None:
            return False
        if row.used_at is not None:
            self.reused_authorization_id = row.id
            return False
        self._challenge = row.code_challenge
        if row.code_challenge is None and request.code_verifier is not None:
            # Somebody took the challenge out of the request on its way.
            return False
        return self._is_open(row) and _leads_back(row.redirect_uri, request.redirect_uri, client)

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """What the verifier must lead to."""
        return self._challenge

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        """No other is taken."""
        return "S256"

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Whether a code must have been asked for with a challenge."""
        assert self.application is not None
        return self.application.is_public

    def get_default_redirect_uri(self, client_id: str, request: Request) -> str:
        """Where users are sent if the application does not say."""
        assert self.application is not None
        return self.application.callback_url

    def confirm_redirect_uri(self, *_: object, **__: object) -> bool:
        """Looked at with the code, since a mismatch is the fault of the grant (contract, oauth.md)."""
        return True

    def validate_refresh_token(self, refresh_token: str, client: Application, request: Request) -> bool:
        """Whether the refresh token is this application's, and was not used before."""
        row = self._tx.one(_BY_REFRESH_TOKEN, hash=hash_token(refresh_token), application=client.id)
        if row is not None and row.used_at is not None:
            self.reused_authorization_id = row.id
            return False
        return row is not None and self._is_open(row)

    def get_original_scopes(self, refresh_token: str, request: Request) -> list[str]:
        """There are no scopes."""
        return []

    def _is_open(self, row: Row) -> bool:
        if row.expires_at <= self._tx.started_at or not row.is_user_enabled:
            return False
        self.token_grant = TokenGrant(row.id, row.user_id, row.token_hash)
        return True


def _leads_back(stored: str | None, given: str | None, application: Application) -> bool:
    """Whether a code is fetched with the redirect URI that it was asked for with."""
    if stored is None:
        return given in (None, application.callback_url)
    return given == stored


def _authorization(*columns: ColumnElement[Any]) -> Select[tuple[object, ...]]:
    return (
        select(authorizations.c.id, authorizations.c.user_id, IS_USER_ENABLED.label("is_user_enabled"), *columns)
        .select_from(authorizations)
        .join(users, (users.c.account_id == authorizations.c.account_id) & (users.c.id == authorizations.c.user_id))
        .where(authorizations.c.application_id == bindparam("application"))
    )


_BY_CODE = Statement(
    _authorization(
        authorizations.c.redirect_uri,
        authorizations.c.code_challenge,
        authorizations.c.code_expires_at.label("expires_at"),
        authorizations.c.code_used_at.label("used_at"),
        null().label("token_hash"),
    ).where(authorizations.c.code_hash == bindparam("hash"))
)

_BY_REFRESH_TOKEN = Statement(
    _authorization(
        refresh_tokens.c.expires_at,
        refresh_tokens.c.used_at,
        refresh_tokens.c.hash.label("token_hash"),
    )
    .join(
        refresh_tokens,
        (refresh_tokens.c.account_id == authorizations.c.account_id)
        & (refresh_tokens.c.authorization_id == authorizations.c.id),
    )
    .where(refresh_tokens.c.hash == bindparam("hash"))
)
