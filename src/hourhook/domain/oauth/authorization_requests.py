"""What an application asks of a user, and what it is answered (contract, oauth.md, GET /oauth/2/authorize).

An ``AuthorizationRejected`` request is answered with a page: its redirect URI may be forged, so the user is not sent
there. Any other ends at the application's ``target``, with a code or with the reason why there is none.
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
# A SHA-256 in base64 for URLs.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_REASONS = {
    "invalid_request": "The request is malformed.",
    "unsupported_response_type": "The response_type must be code.",
    "access_denied": "The user refused.",
    "server_error": "The server failed.",
    "temporarily_unavailable": "The account or the server is not available now; try again later.",
}


@dataclass(frozen=True, slots=True)
class AuthorizationRejected:
    """A request from nobody known, or that leads where it must not: nobody is sent anywhere."""

    reason: str


@dataclass(frozen=True, slots=True)
class AuthorizationRedirect:
    """A request that is answered already: the user goes to this URL."""

    url: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that a user has to decide on."""

    application: Application
    # Where the user goes afterwards, and the same as it was sent, if it was.
    target: str
    redirect_uri: str | None
    state: str | None
    code_challenge: str | None

    def error_url(self, error: str, reason: str | None = None) -> str:
        """The URL that tells the application why it gets no code; ``error`` is one of the contract's."""
        pairs = [("error", error), ("error_description", reason or _REASONS.get(error, error))]
        return redirects.add_query_parameters(self.target, [*pairs, *self._state()])

    def code_url(self, code: str) -> str:
        """The URL that brings the application its code."""
        return redirects.add_query_parameters(self.target, [("code", code), *self._state()])

    def _state(self) -> QueryParameters:
        return [] if self.state is None else [("state", self.state)]


def read(
    tx: Transaction, pairs: QueryParameters
) -> AuthorizationRequest | AuthorizationRedirect | AuthorizationRejected:
    """Read a request from the parameters of its query; unknown ones, ``scope`` before all, are ignored."""
    given = {name: value for name, value in pairs if name in _KNOWN and value}
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1 and name in _KNOWN]
    if {"client_id", "redirect_uri"} & {*repeated}:
        return AuthorizationRejected("The link names the application, or the way back to it, more than once.")
    if "state" in repeated:
        # Which of them it would want back nobody knows.
        del given["state"]
    validator = AuthorizationRequestValidator(tx)

    def check_further(request: Request) -> dict[str, object]:
        if repeated:
            raise errors.InvalidRequestError(f"{repeated[0]} is given more than once.")
        _check_further(request)
        return {}

    grant = AuthorizationCodeGrant(validator, pre_auth=[check_further])
    request = Request("", body=[*given.items()], encoding=None)
    try:
        grant.validate_authorization_request(request)
    except errors.FatalClientError:
        return AuthorizationRejected(_unacceptable(validator.application))
    except errors.OAuth2Error as error:
        return AuthorizationRedirect(_asked(validator, request, given).error_url(error.error, error.description))
    return _asked(validator, request, given)


def approve(tx: Transaction, asked: AuthorizationRequest, user_id: int, links: Links) -> str:
    """Let the application act for a user of the transaction's account; returns the URL that brings it the code.

    Raises ``Unauthenticated`` when the user has been shut out or the application revoked meanwhile, and
    ``AccountLocked``.
    """
    caller = find_caller(tx, tx.account_id, user_id, links)
    application = applications.find_for_share(tx, asked.application.client_id)
    if caller is None or application is None:
        raise Unauthenticated
    caller.require_unlocked()
    code = secrets.token_hex(32)
    tx.insert(
        authorizations,
        account_id=tx.account_id,
        user_id=user_id,
        application_id=application.id,
        code_hash=hash_token(code),
        code_challenge=asked.code_challenge,
        redirect_uri=asked.redirect_uri,
        code_expires_at=tx.started_at + CODE_SECONDS * SECOND,
        code_used_at=None,
        created_at=tx.event_time,
    )
    return asked.code_url(code)


def _check_further(request: Request) -> None:
    """What the library leaves open: response types of OpenID, and a challenge that anybody could answer."""
    if request.response_type not in (None, "code"):
        raise errors.UnsupportedResponseTypeError(_REASONS["unsupported_response_type"])
    if request.code_challenge is None:
        if request.code_challenge_method is not None:
            raise errors.InvalidRequestError("A code_challenge_method needs a code_challenge.")
    elif request.code_challenge_method != "S256":
        raise errors.InvalidRequestError("The code_challenge_method must be S256.")
    elif not _CHALLENGE.fullmatch(request.code_challenge):
        raise errors.InvalidRequestError("The code_challenge is no SHA-256 in base64url.")


def _asked(validator: AuthorizationRequestValidator, request: Request, given: dict[str, str]) -> AuthorizationRequest:
    assert validator.application is not None
    return AuthorizationRequest(
        validator.application,
        request.redirect_uri,
        given.get("redirect_uri"),
        given.get("state"),
        request.code_challenge,
    )


def _unacceptable(application: Application | None) -> str:
    if application is None:
        return "No application of this name is registered here."
    return f"The link would lead somewhere that does not belong to {application.name}."
