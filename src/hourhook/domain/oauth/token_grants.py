"""A code or a refresh token for an access token (contract, oauth.md, POST /oauth/2/access_token).

Codes and refresh tokens are good for once. Who uses one again may have stolen it, or may have been robbed: nobody can
tell, so all tokens that came of the same authorization are revoked.
"""

import secrets
from collections.abc import Mapping

import msgspec
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant, RefreshTokenGrant
from sqlalchemy import bindparam, select, update

from hourhook.clock import SECOND
from hourhook.domain import accounts, tokens
from hourhook.domain.callers import hash_token
from hourhook.domain.oauth import applications, revoking
from hourhook.domain.oauth.validators import TokenGrant, TokenRequestValidator
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
# A refresh token that is not used within a year, and how long a used one is remembered.
REFRESH_TOKEN_SECONDS = 365 * 86_400
REMEMBERED_SECONDS = 30 * 86_400

_GRANTS = {"authorization_code": AuthorizationCodeGrant, "refresh_token": RefreshTokenGrant}
_REFRESH_COLUMNS = ("account_id", "hash", "authorization_id", "created_at", "expires_at", "used_at")
_REASONS = {
    "invalid_client": "The client_id is unknown, or the client_secret is not the right one.",
    "invalid_grant": "The code or refresh token is wrong, expired, used before or of another application, or the "
    "redirect_uri or the code_verifier is not the one that belongs to it.",
    "unsupported_grant_type": "The grant_type must be authorization_code or refresh_token.",
}


class AccessToken(msgspec.Struct, frozen=True):
    """What an application gets: the keys are in the order of the contract's example."""

    access_token: str
    refresh_token: str
    # Seconds.
    expires_in: int
    scope: str = ""
    token_type: str = "bearer"


class OAuthError(msgspec.Struct, frozen=True):
    """Why it gets nothing: ``error`` is for programs to go by."""

    error: str
    error_description: str


INVALID_CLIENT = OAuthError("invalid_client", _REASONS["invalid_client"])


def find_account(tx: Transaction, given: Mapping[str, str]) -> int | None:
    """The account that a code or refresh token belongs to, so that it can be locked; None where there is none."""
    statement, text = (
        (_ACCOUNT_OF_REFRESH_TOKEN, given.get("refresh_token"))
        if given.get("grant_type") == "refresh_token"
        else (_ACCOUNT_OF_CODE, given.get("code"))
    )
    account_id: int | None = tx.value(statement, hash=hash_token(text)) if text else None
    return account_id


def find_error(tx: Transaction, given: Mapping[str, str]) -> OAuthError:
    """What is wrong with a request whose code or refresh token is of no account; changes nothing."""
    fault = _check(TokenRequestValidator(tx, applications.find), given)
    assert fault is not None
    return fault


def exchange(tx: Transaction, given: Mapping[str, str], token_seconds: int) -> AccessToken | OAuthError:
    """Issue tokens in the write of the account that ``find_account`` found, or say why not.

    ``given`` are those of ``PARAMETERS`` that were sent and not empty. Raises ``AccountLocked``.
    """
    accounts.require_unlocked(tx)
    validator = TokenRequestValidator(tx, applications.find_for_share)
    fault = _check(validator, given)
    if validator.reused_authorization_id is not None:
        revoking.revoke(tx, validator.reused_authorization_id)
    if fault is not None:
        return fault
    assert validator.token_grant is not None
    assert validator.application is not None
    _use_up(tx, validator.token_grant)
    return _issue(tx, validator.token_grant, validator.application.token_name, token_seconds)


def _check(validator: TokenRequestValidator, given: Mapping[str, str]) -> OAuthError | None:
    for name in ("client_id", "grant_type"):
        if name not in given:
            return OAuthError("invalid_request", f"The {name} is missing.")
    grant = _GRANTS.get(given["grant_type"])
    if grant is None:
        return OAuthError("unsupported_grant_type", _REASONS["unsupported_grant_type"])
    try:
        grant(validator).validate_token_request(Request("", body=[*given.items()], encoding=None))
    except errors.OAuth2Error as error:
        return OAuthError(error.error, _REASONS.get(error.error, error.description))
    return None


def _use_up(tx: Transaction, token_grant: TokenGrant) -> None:
    if token_grant.token_hash is None:
        tx.execute(_USE_CODE, account=tx.account_id, id=token_grant.id, now=tx.event_time)
        return
    expires_at = tx.started_at + REMEMBERED_SECONDS * SECOND
    tx.execute(
        _USE_REFRESH_TOKEN, account=tx.account_id, hash=token_grant.token_hash, now=tx.event_time, expires_at=expires_at
    )


def _issue(tx: Transaction, token_grant: TokenGrant, token_name: str, token_seconds: int) -> AccessToken:
    issued = AccessToken(f"at_{secrets.token_hex(32)}", f"rt_{secrets.token_hex(32)}", token_seconds)
    tokens.store(
        tx,
        issued.access_token,
        token_grant.user_id,
        token_name,
        authorization_id=token_grant.id,
        expires_at=tx.started_at + token_seconds * SECOND,
    )
    expires_at = tx.started_at + REFRESH_TOKEN_SECONDS * SECOND
    row = (tx.account_id, hash_token(issued.refresh_token), token_grant.id, tx.event_time, expires_at, None)
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
