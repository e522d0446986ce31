"""Validate authorization requests, and redirect with a code or an error (RFC 6749 section 4.1).

See `docs/api/oauth.md#authorization-request`.
An ``AuthorizationRejected`` request is answered with a page: its redirect URI may be forged, so the user is not sent
there. Every other request ends with a redirect to the application's ``target``.
"""

import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant

from hourhook.clock import SECOND
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import find_caller, hash_token
from hourhook.domain.links import Links
from hourhook.domain.oauth import applications, redirects
from hourhook.domain.oauth.applications import Application
from hourhook.domain.oauth.validators import AuthorizationRequestValidator
from hourhook.errors import Unauthenticated
from hourhook.store.schema import authorizations
from hourhook.store.transaction import Transaction

CODE_SECONDS = 600
QueryParameters = Sequence[tuple[str, str]]

_KNOWN = ("client_id", "response_type", "redirect_uri", "state", "code_challenge", "code_challenge_method")
# A SHA-256 in unpadded base64url.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_REASONS = {
    "invalid_request": "The request is malformed.",
    "unsupported_response_type": "The response_type must be code.",
    "access_denied": "The user denied the request.",
    "server_error": "The server failed.",
    "temporarily_unavailable": "The account or the server is temporarily unavailable; try again later.",
}


@dataclass(frozen=True, slots=True)
class AuthorizationRejected:
    """A request by an unknown application, or with a redirect URI that is not allowed; the user is not redirected."""

    reason: str


@dataclass(frozen=True, slots=True)
class AuthorizationRedirect:
    """An invalid request: the user is redirected to this URL, which carries the error."""

    url: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid request, which the user approves or denies."""

    application: Application
    # The URL to redirect to, and the ``redirect_uri`` parameter, if it was sent.
    target: str
    redirect_uri: str | None
    state: str | None
    code_challenge: str | None

    def error_url(self, error: str, reason: str | None = None) -> str:
        """Return the redirect URL with an error code of RFC 6749 section 4.1.2.1."""
        pairs = [("error", error), ("error_description", reason or _REASONS.get(error, error))]
        return redirects.add_query_parameters(self.target, [*pairs, *self._state()])

    def code_url(self, code: str) -> str:
        """Return the redirect URL with the code."""
        return redirects.add_query_parameters(self.target, [("code", code), *self._state()])

    def _state(self) -> QueryParameters:
        return [] if self.state is None else [("state", self.state)]


def read(
    tx: Transaction, pairs: QueryParameters
) -> AuthorizationRequest | AuthorizationRedirect | AuthorizationRejected:
    """Parse and validate a request; unknown query parameters, such as ``scope``, are ignored."""
    given = {name: value for name, value in pairs if name in _KNOWN and value}
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1 and name in _KNOWN]
    if {"client_id", "redirect_uri"} & {*repeated}:
        return AuthorizationRejected("The link contains client_id or redirect_uri more than once.")
    if "state" in repeated:
        # It is unclear which of them the application expects back.
        del given["state"]
    validator = AuthorizationRequestValidator(tx)

    def check_parameters(request: Request) -> dict[str, object]:
        if repeated:
            raise errors.InvalidRequestError(f"{repeated[0]} is given more than once.")
        _check_response_type_and_pkce(request)
        return {}

    grant = AuthorizationCodeGrant(validator, pre_auth=[check_parameters])
    request = Request("", body=[*given.items()], encoding=None)
    try:
        grant.validate_authorization_request(request)
    except errors.FatalClientError:
        return AuthorizationRejected(_rejection_reason(validator.application))
    except errors.OAuth2Error as error:
        return AuthorizationRedirect(_to_request(validator, request, given).error_url(error.error, error.description))
    return _to_request(validator, request, given)


def approve(tx: Transaction, authorization_request: AuthorizationRequest, user_id: int, links: Links) -> str:
    """Create an authorization for a user of the transaction's account; returns the redirect URL with the code.

    Raises ``Unauthenticated`` if the user has been disabled or suspended or the application revoked since, and
    ``AccountLocked``.
    """
    caller = find_caller(tx, tx.account_id, user_id, links)
    application = applications.find_for_share(tx, authorization_request.application.client_id)
    if caller is None or application is None:
        raise Unauthenticated
    caller.require_unlocked()
    code = secrets.token_hex(32)
    id = tx.insert(
        authorizations,
        account_id=tx.account_id,
        user_id=user_id,
        application_id=application.id,
        code_hash=hash_token(code),
        code_challenge=authorization_request.code_challenge,
        redirect_uri=authorization_request.redirect_uri,
        code_expires_at=tx.started_at + CODE_SECONDS * SECOND,
        code_used_at=None,
        created_at=tx.event_time,
    )
    record(tx, caller, "Authorization", id, "created", {"application": application.name, "user_id": user_id})
    return authorization_request.code_url(code)


def _check_response_type_and_pkce(request: Request) -> None:
    """Refuse what the library lets through: OpenID response types, and PKCE other than S256."""
    if request.response_type not in (None, "code"):
        raise errors.UnsupportedResponseTypeError(_REASONS["unsupported_response_type"])
    if request.code_challenge is None:
        if request.code_challenge_method is not None:
            raise errors.InvalidRequestError("A code_challenge_method needs a code_challenge.")
    elif request.code_challenge_method != "S256":
        raise errors.InvalidRequestError("The code_challenge_method must be S256.")
    elif not _CHALLENGE.fullmatch(request.code_challenge):
        raise errors.InvalidRequestError("The code_challenge is not a SHA-256 in base64url.")


def _to_request(
    validator: AuthorizationRequestValidator, request: Request, given: dict[str, str]
) -> AuthorizationRequest:
    assert validator.application is not None
    return AuthorizationRequest(
        validator.application,
        request.redirect_uri,
        given.get("redirect_uri"),
        given.get("state"),
        request.code_challenge,
    )


def _rejection_reason(application: Application | None) -> str:
    if application is None:
        return "The application is not registered on this server."
    return f"The redirect_uri in this link does not belong to {application.name}."
