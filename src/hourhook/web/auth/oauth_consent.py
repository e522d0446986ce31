"""``/oauth/2/authorize``: the OAuth consent page, on which a user authorizes an application (``docs/api/oauth.md``).

The authorization request is in the query of the page and of its form alike, and is validated each time: fields of the
form cannot change it. The user is redirected only to a redirect URI that the application has registered.
"""

import string
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import structlog
from starlette.requests import Request

from hourhook.domain import sessions
from hourhook.domain.links import Links
from hourhook.domain.oauth import authorization_requests, redirects
from hourhook.domain.oauth.authorization_requests import (
    AuthorizationRedirect,
    AuthorizationRejected,
    AuthorizationRequest,
    QueryParameters,
)
from hourhook.domain.sessions import SessionUser
from hourhook.errors import AccountLocked, DatabaseUnavailable, Unauthenticated
from hourhook.http.asgi import Application
from hourhook.http.queries import parse_query_string
from hourhook.http.responses import Response
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from hourhook.web.auth.sign_in import sign_in_url
from hourhook.web.forms import read_form
from hourhook.web.rendering import render
from hourhook.web.responses import csrf_failed, notice, page_route, redirect
from hourhook.web.session_cookies import SessionCookies

PATH = "/oauth/2/authorize"
_SAFE_CHARACTERS = string.punctuation.replace("\\", "")

_log = structlog.get_logger()


class OAuthConsent:
    def __init__(self, database: Database, session_cookies: SessionCookies, links: Links) -> None:
        self._database = database
        self._session_cookies = session_cookies
        self._links = links

    def routes(self) -> Mapping[str, Application]:
        return {PATH: page_route(GET=self._show, POST=self._decide)}

    async def _show(self, request: Request) -> Response:
        token = self._session_cookies.session_token(request)
        authorization_request, users = await self._database.read(_read_request, _pairs(request), token)
        if not isinstance(authorization_request, AuthorizationRequest):
            return _error_response(authorization_request)
        if token is None or not users:
            return redirect(self._links.href(sign_in_url(_page_url(request))))
        return render(
            "auth/oauth_consent",
            form_targets=_form_targets(authorization_request.target),
            application=authorization_request.application,
            destination=redirects.describe_target(authorization_request.target),
            users=users,
            page_url=_page_url(request),
            href=self._links.href,
            csrf_token=self._session_cookies.csrf_token(token),
        )

    async def _decide(self, request: Request) -> Response:
        form = await read_form(request)
        token = self._session_cookies.session_token(request)
        if not self._session_cookies.is_csrf_valid(token, form.get("csrf_token", "")):
            return csrf_failed()
        authorization_request, users = await self._database.read(_read_request, _pairs(request), token)
        if not isinstance(authorization_request, AuthorizationRequest):
            return _error_response(authorization_request)
        if form.get("decision") == "deny":
            return redirect(authorization_request.error_url("access_denied"), status=302)
        user = next((user for user in users if str(user.account_id) == form.get("account")), None)
        if user is None or form.get("decision") != "allow":
            # Signed out meanwhile, or no decision: start again.
            return redirect(self._links.href(_page_url(request)))
        return await self._allow(request, authorization_request, user)

    async def _allow(
        self, request: Request, authorization_request: AuthorizationRequest, user: SessionUser
    ) -> Response:
        try:
            url = await self._database.write(
                user.account_id, authorization_requests.approve, authorization_request, user.user_id, self._links
            )
        except Unauthenticated:
            return redirect(self._links.href(_page_url(request)))
        except (AccountLocked, DatabaseUnavailable) as error:
            _log.warning("authorization postponed", account=user.account_id, reason=str(error) or "account locked")
            url = authorization_request.error_url("temporarily_unavailable")
        except Exception:  # noqa: BLE001 - it is logged, and the application gets the error of RFC 6749
            _log.exception("authorization failed", application=authorization_request.application.client_id)
            url = authorization_request.error_url("server_error")
        else:
            _log.info(
                "application authorized",
                application=authorization_request.application.client_id,
                account=user.account_id,
                user=user.user_id,
            )
        return redirect(url, status=302)


def _form_targets(target: str) -> Sequence[str]:
    """Return the form targets of the page for an application that users are redirected to.

    Browsers apply the policy of a page to all redirects after its form, and the application may redirect anywhere.
    """
    private_scheme = redirects.source_expression(target)
    return ("'self'", "https:", "http:") if private_scheme is None else ("'self'", private_scheme)


def _read_request(
    tx: Transaction, pairs: QueryParameters, token: str | None
) -> tuple[AuthorizationRequest | AuthorizationRedirect | AuthorizationRejected, Sequence[SessionUser]]:
    """Return the authorization request of a query, and the signed-in users who can decide on it."""
    authorization_request = authorization_requests.read(tx, pairs)
    if token is None or not isinstance(authorization_request, AuthorizationRequest):
        return authorization_request, []
    users = sessions.find(tx, token)
    allowed = [user for user in users if authorization_request.application.is_open_to(user.account_id)]
    if users and not allowed:
        name = authorization_request.application.name
        return AuthorizationRejected(f"{name} is an application of another account. Sign in to that account first."), []
    return authorization_request, allowed


def _error_response(authorization_request: AuthorizationRedirect | AuthorizationRejected) -> Response:
    if isinstance(authorization_request, AuthorizationRedirect):
        return redirect(authorization_request.url, status=302)
    return notice(400, "This link does not work", f"{authorization_request.reason} The application was not authorized.")


def _pairs(request: Request) -> QueryParameters:
    return parse_query_string(request.scope["query_string"])


def _page_url(request: Request) -> str:
    """Return the URL of this page with its query unchanged, except that unsafe characters are encoded."""
    return f"{PATH}?{quote(request.scope['query_string'], safe=_SAFE_CHARACTERS)}"
