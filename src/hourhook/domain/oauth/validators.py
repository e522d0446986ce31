"""Request validators for oauthlib, which answer its questions from the database.

oauthlib decides the order of the checks and the error codes. A validator serves one request and keeps the rows that it
found. Methods without a docstring are described by ``oauthlib.oauth2.RequestValidator``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oauthlib.common import Request
from oauthlib.oauth2 import RequestValidator
from sqlalchemy import ColumnElement, Select, bindparam, null, select

from hourhook.clock import SECOND
from hourhook.domain.callers import IS_USER_ENABLED, hash_token
from hourhook.domain.oauth import applications, redirects
from hourhook.domain.oauth.applications import Application
from hourhook.store.schema import authorizations, refresh_tokens, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

# How long after its use a refresh token may be repeated, once, by a client that did not receive the response.
REPEAT_SECONDS = 60

FindApplication = Callable[[Transaction, str], Application | None]


class AuthorizationRequestValidator(RequestValidator):  # type: ignore[misc]  # the library has no types
    """Validator of authorization requests."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__()
        self._tx = tx
        self.application: Application | None = None

    def validate_client_id(self, client_id: str, request: Request) -> bool:
        self.application = applications.find(self._tx, client_id)
        return self.application is not None

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Request) -> bool:
        assert self.application is not None
        return redirects.is_allowed_redirect(redirect_uri, self.application.callback_url)

    def get_default_redirect_uri(self, client_id: str, request: Request) -> str:
        assert self.application is not None
        return self.application.callback_url

    def validate_response_type(self, client_id: str, response_type: str, client: object, request: Request) -> bool:
        return True

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        assert self.application is not None
        return self.application.is_public

    def get_default_scopes(self, client_id: str, request: Request) -> list[str]:
        return []

    def validate_scopes(self, client_id: str, scopes: list[str], client: object, request: Request) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """The authorization of a valid code or refresh token."""

    id: int
    user_id: int
    # Of the refresh token; None for a code.
    token_hash: str | None
    # Whether the refresh token was used before and may be repeated.
    is_repeat: bool = False


class TokenRequestValidator(RequestValidator):  # type: ignore[misc]  # the library has no types
    """Validator of token requests.

    ``token_grant`` is the authorization to issue tokens for. ``reused_authorization_id`` is one whose code or refresh
    token was used before: it may have been stolen, so the caller must revoke the authorization. ``find_application`` is
    ``find_for_share`` in a write and ``find`` elsewhere.
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
        """Return whether a secret is required; True for an unknown application, so that it is refused as well."""
        self.application = self._find_application(self._tx, request.client_id)
        return self.application is None or not self.application.is_public

    def authenticate_client(self, request: Request) -> bool:
        request.client = self.application
        return self.application is not None and self.application.is_secret_valid(request.client_secret or "")

    def authenticate_client_id(self, client_id: str, request: Request) -> bool:
        """Accept a public application, unless it sends a secret, which it cannot have."""
        request.client = self.application
        return request.client_secret is None

    def validate_grant_type(self, client_id: str, grant_type: str, client: Application, request: Request) -> bool:
        return True

    def validate_code(self, client_id: str, code: str, client: Application, request: Request) -> bool:
        """Return whether the code is this application's, unused, unexpired, and for the same redirect URI."""
        row = self._tx.one(_BY_CODE, hash=hash_token(code), application=client.id)
        if row is None:
            return False
        if row.used_at is not None:
            self.reused_authorization_id = row.id
            return False
        self._challenge = row.code_challenge
        if row.code_challenge is None and request.code_verifier is not None:
            # The challenge was stripped from the authorization request (PKCE downgrade, RFC 9700 section 2.1.1).
            return False
        return self._accept(row) and _is_redirect_uri_equal(row.redirect_uri, request.redirect_uri, client)

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        return self._challenge

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        assert self.application is not None
        return self.application.is_public

    def get_default_redirect_uri(self, client_id: str, request: Request) -> str:
        assert self.application is not None
        return self.application.callback_url

    def confirm_redirect_uri(self, *_: object, **__: object) -> bool:
        """Accept: ``validate_code`` compares the URI, so that a mismatch is an ``invalid_grant``."""
        return True

    def validate_refresh_token(self, refresh_token: str, client: Application, request: Request) -> bool:
        row = self._tx.one(_BY_REFRESH_TOKEN, hash=hash_token(refresh_token), application=client.id)
        if row is None:
            return False
        is_repeat = row.used_at is not None
        if is_repeat and (row.repeated_at is not None or self._tx.started_at > row.used_at + REPEAT_SECONDS * SECOND):
            self.reused_authorization_id = row.id
            return False
        return self._accept(row, is_repeat=is_repeat)

    def get_original_scopes(self, refresh_token: str, request: Request) -> list[str]:
        return []

    def _accept(self, row: Row, *, is_repeat: bool = False) -> bool:
        if row.expires_at <= self._tx.started_at or not row.is_user_enabled:
            return False
        self.token_grant = TokenGrant(row.id, row.user_id, row.token_hash, is_repeat)
        return True


def _is_redirect_uri_equal(stored: str | None, given: str | None, application: Application) -> bool:
    """Return whether the token request has the redirect URI of the authorization request (RFC 6749 section 4.1.3)."""
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
        refresh_tokens.c.repeated_at,
        refresh_tokens.c.hash.label("token_hash"),
    )
    .join(
        refresh_tokens,
        (refresh_tokens.c.account_id == authorizations.c.account_id)
        & (refresh_tokens.c.authorization_id == authorizations.c.id),
    )
    .where(refresh_tokens.c.hash == bindparam("hash"))
)
