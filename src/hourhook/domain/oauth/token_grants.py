"""Exchange a code or a refresh token for an access token (RFC 6749 sections 4.1.3 and 6).

See `docs/api/oauth.md#token-request` and `docs/api/oauth.md#refresh-tokens`.
Codes and refresh tokens can be used once. A second use means that one was stolen, by an unknown party, so all tokens of
the same authorization are revoked. One exception is for clients that did not receive the response to a refresh: within
``REPEAT_SECONDS`` they get the same tokens once more. To repeat them without storing them, they are derived from the
refresh token, of which only the client has the text.
"""

import math
import secrets
from collections.abc import Mapping

import msgspec
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant, RefreshTokenGrant
from sqlalchemy import bindparam, exists, select, update

from hourhook.clock import SECOND
from hourhook.crypto import Keyring
from hourhook.domain import accounts, tokens
from hourhook.domain.callers import hash_token
from hourhook.domain.oauth import applications, revoking
from hourhook.domain.oauth.validators import TokenGrant, TokenRequestValidator
from hourhook.store import schema
from hourhook.store.schema import authorizations, refresh_tokens
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

PARAMETERS = (
    "client_id",
    "client_secret",
    "grant_type",
    "code",
    "redirect_uri",
    "refresh_token",
    "code_verifier",
)
# Lifetime of an unused refresh token, and how long a used one is kept to detect reuse.
REFRESH_TOKEN_SECONDS = 365 * 86_400
REMEMBERED_SECONDS = 30 * 86_400

_GRANTS = {"authorization_code": AuthorizationCodeGrant, "refresh_token": RefreshTokenGrant}
_REFRESH_COLUMNS = ("account_id", "hash", "authorization_id", "created_at", "expires_at")
_REASONS = {
    "invalid_client": "The client_id is unknown, or the client_secret is wrong.",
    "invalid_grant": "The code or refresh token is wrong, expired, already used or issued to another application, or "
    "the redirect_uri or the code_verifier does not match it.",
    "unsupported_grant_type": "The grant_type must be authorization_code or refresh_token.",
}


class AccessToken(msgspec.Struct, frozen=True):
    """An access token, with the refresh token for the next one."""

    access_token: str
    refresh_token: str
    # Seconds.
    expires_in: int
    scope: str = ""
    token_type: str = "bearer"


class OAuthError(msgspec.Struct, frozen=True):
    """An OAuth error; `error` is a code for programs."""

    error: str
    error_description: str


INVALID_CLIENT = OAuthError("invalid_client", _REASONS["invalid_client"])


def find_account(tx: Transaction, given: Mapping[str, str]) -> int | None:
    """Return the account id of a code or refresh token, so that the account can be locked; None if it is unknown."""
    statement, text = (
        (_ACCOUNT_OF_REFRESH_TOKEN, given.get("refresh_token"))
        if given.get("grant_type") == "refresh_token"
        else (_ACCOUNT_OF_CODE, given.get("code"))
    )
    account_id: int | None = tx.value(statement, hash=hash_token(text)) if text else None
    return account_id


def find_error(tx: Transaction, given: Mapping[str, str]) -> OAuthError:
    """Return the error of a request for which ``find_account`` found no account."""
    error = _check(TokenRequestValidator(tx, applications.find), given)
    assert error is not None
    return error


def exchange(
    tx: Transaction, given: Mapping[str, str], keyring: Keyring, token_seconds: int
) -> AccessToken | OAuthError:
    """Issue tokens in the write of the account that ``find_account`` returned, or return an error.

    ``given`` are those of ``PARAMETERS`` that were sent and not empty. Raises ``AccountLocked``.
    """
    accounts.require_unlocked(tx)
    validator = TokenRequestValidator(tx, applications.find_for_share)
    error = _check(validator, given)
    if validator.reused_authorization_id is not None:
        revoking.revoke(tx, None, validator.reused_authorization_id)
    if error is not None:
        return error
    assert validator.token_grant is not None
    assert validator.application is not None
    texts = _make_texts(keyring, given.get("refresh_token") if validator.token_grant.token_hash else None)
    if validator.token_grant.is_repeat:
        return _repeat(tx, validator.token_grant, texts)
    _mark_used(tx, validator.token_grant)
    return _issue(tx, validator.token_grant, texts, validator.application.token_name, token_seconds)


def _check(validator: TokenRequestValidator, given: Mapping[str, str]) -> OAuthError | None:
    for name in ("client_id", "grant_type"):
        if name not in given:
            return OAuthError("invalid_request", f"The {name} is missing.")
    grant = _GRANTS.get(given["grant_type"])
    if grant is None:
        return OAuthError("unsupported_grant_type", _REASONS["unsupported_grant_type"])
    try:
        grant(validator).validate_token_request(Request("", body=[*given.items()], encoding=None))
    except errors.OAuth2Error as refusal:
        return OAuthError(refusal.error, _REASONS.get(refusal.error, refusal.description))
    return None


def _mark_used(tx: Transaction, token_grant: TokenGrant) -> None:
    if token_grant.token_hash is None:
        tx.execute(_USE_CODE, account=tx.account_id, id=token_grant.id, now=tx.event_time)
        return
    expires_at = tx.started_at + REMEMBERED_SECONDS * SECOND
    tx.execute(
        _USE_REFRESH_TOKEN, account=tx.account_id, hash=token_grant.token_hash, now=tx.event_time, expires_at=expires_at
    )


def _make_texts(keyring: Keyring, refresh_token: str | None) -> tuple[str, str]:
    """Return an access token and a refresh token: random for a code, and derived for a refresh token."""
    if refresh_token is None:
        return f"at_{secrets.token_hex(32)}", f"rt_{secrets.token_hex(32)}"
    access, refresh = (keyring.sign(f"next OAuth {kind} token", refresh_token) for kind in ("access", "refresh"))
    return f"at_{access}", f"rt_{refresh}"


def _repeat(tx: Transaction, token_grant: TokenGrant, texts: tuple[str, str]) -> AccessToken | OAuthError:
    """Return the tokens of the first response once more.

    Their refresh token must be unused: a client that has used it did receive the response, so this is a reuse.
    """
    access_token, refresh_token = texts
    expires_at = tx.value(
        _UNUSED_PAIR, account=tx.account_id, access=hash_token(access_token), refresh=hash_token(refresh_token)
    )
    if expires_at is None:
        revoking.revoke(tx, None, token_grant.id)
        return OAuthError("invalid_grant", _REASONS["invalid_grant"])
    tx.execute(_REPEAT_REFRESH_TOKEN, account=tx.account_id, hash=token_grant.token_hash, now=tx.event_time)
    seconds = max(0, math.ceil((expires_at - tx.started_at) / SECOND))
    return AccessToken(access_token, refresh_token, seconds)


def _issue(
    tx: Transaction, token_grant: TokenGrant, texts: tuple[str, str], token_name: str, token_seconds: int
) -> AccessToken:
    issued = AccessToken(*texts, token_seconds)
    tokens.store(
        tx,
        issued.access_token,
        token_grant.user_id,
        token_name,
        authorization_id=token_grant.id,
        expires_at=tx.started_at + token_seconds * SECOND,
    )
    expires_at = tx.started_at + REFRESH_TOKEN_SECONDS * SECOND
    row = (tx.account_id, hash_token(issued.refresh_token), token_grant.id, tx.event_time, expires_at)
    tx.insert_many(refresh_tokens, _REFRESH_COLUMNS, [row])
    return issued


_ACCOUNT_OF_CODE = Statement(select(authorizations.c.account_id).where(authorizations.c.code_hash == bindparam("hash")))

_ACCOUNT_OF_REFRESH_TOKEN = Statement(
    select(refresh_tokens.c.account_id).where(refresh_tokens.c.hash == bindparam("hash"))
)

_USE_CODE = Statement(
    update(authorizations)
    .where(authorizations.c.account_id == bindparam("account"), authorizations.c.id == bindparam("id"))
    .values(code_used_at=bindparam("now"))
)

_USE_REFRESH_TOKEN = Statement(
    update(refresh_tokens)
    .where(refresh_tokens.c.account_id == bindparam("account"), refresh_tokens.c.hash == bindparam("hash"))
    .values(used_at=bindparam("now"), expires_at=bindparam("expires_at"))
)

_REPEAT_REFRESH_TOKEN = Statement(
    update(refresh_tokens)
    .where(refresh_tokens.c.account_id == bindparam("account"), refresh_tokens.c.hash == bindparam("hash"))
    .values(repeated_at=bindparam("now"))
)

_UNUSED_PAIR = Statement(
    select(schema.tokens.c.expires_at).where(
        schema.tokens.c.account_id == bindparam("account"),
        schema.tokens.c.hash == bindparam("access"),
        exists(
            select(refresh_tokens.c.hash).where(
                refresh_tokens.c.account_id == bindparam("account"),
                refresh_tokens.c.hash == bindparam("refresh"),
                refresh_tokens.c.used_at.is_(None),
            )
        ),
    )
)
