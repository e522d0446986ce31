"""``/oauth/2/authorize``: a user decides whether an application may act for him (contract, oauth.md).

What is asked stands in the query, of the page and of its form alike, and is read anew each time: what a form says of it
does not count. The user is sent to the application and nowhere else, and only to where it is registered to be.
"""

import string
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import structlog
from litestar import Request, get, post
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.domain import sessions
from hourhook.domain.links import Links
from hourhook.domain.oauth import authorization_requests
from hourhook.domain.oauth.authorization_requests import (
    AuthorizationRedirect,
    AuthorizationRejected,
    AuthorizationRequest,
    QueryParameters,
)
from hourhook.domain.sessions import SessionUser
from hourhook.errors import AccountLocked, DatabaseUnavailable, Unauthenticated
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from hourhook.web.auth.sign_in import sign_in_url
from hourhook.web.forms import MAX_FORM_BYTES, read_form
from hourhook.web.rendering import render
from hourhook.web.responses import csrf_failed, notice, redirect, with_error_pages
from hourhook.web.session_cookies import SessionCookies

PATH = "/oauth/2/authorize"
# Browsers hold a form to its page's policy through all redirects that follow, which lead on as the application likes.
_FORM_TARGETS = ("'self'", "https:", "http:")

_PLAIN = string.punctuation.replace("\\", "")

_log = structlog.get_logger()


class OAuthConsent:
    """The page on which a user decides."""

    def __init__(self, database: Database, session_cookies: SessionCookies, links: Links) -> None:
        self._database = database
        self._session_cookies = session_cookies
        self._links = links

    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The routes of the page."""

        @get(PATH)
        async def show(request: Request[Any, Any, Any]) -> ASGIApp:
            return await with_error_pages(self._show(request))

        @post(PATH, status_code=200, request_max_body_size=MAX_FORM_BYTES)
        async def decide(request: Request[Any, Any, Any]) -> ASGIApp:
            return await with_error_pages(self._decide(request))

        return [show, decide]

    async def _show(self, request: Request[Any, Any, Any]) -> ASGIResponse:
        token = self._session_cookies.session_token(request)
        asked, users = await self._database.read(_look, _pairs(request), token)
        if not isinstance(asked, AuthorizationRequest):
            return _answered(asked)
        if token is None or not users:
            return redirect(self._links.href(sign_in_url(_address(request))))
        return render(
            "authorize",
            form_targets=_FORM_TARGETS,
            application=asked.application,
            destination=urlsplit(asked.target).netloc,
            users=users,
            address=_address(request),
            href=self._links.href,
            csrf_token=self._session_cookies.csrf_token(token),
        )

    async def _decide(self, request: Request[Any, Any, Any]) -> ASGIResponse:
        form = await read_form(request)
        token = self._session_cookies.session_token(request)
        if not self._session_cookies.is_csrf_valid(token, form.get("csrf_token", "")):
            return csrf_failed()
        asked, users = await self._database.read(_look, _pairs(request), token)
        if not isinstance(asked, AuthorizationRequest):
            return _answered(asked)
        if form.get("decision") == "deny":
            return redirect(asked.error_url("access_denied"), status=302)
        user = next((user for user in users if str(user.account_id) == form.get("account")), None)
        if user is None or form.get("decision") != "allow":
            # Signed out meanwhile, or nothing decided: once more from the start.
            return redirect(self._links.href(_address(request)))
        return await self._allow(request, asked, user)

    async def _allow(
        self, request: Request[Any, Any, Any], asked: AuthorizationRequest, user: SessionUser
    ) -> ASGIResponse:
        try:
            url = await self._database.write(
                user.account_id, authorization_requests.approve, asked, user.user_id, self._links
            )
        except Unauthenticated:
            return redirect(self._links.href(_address(request)))
        except (AccountLocked, DatabaseUnavailable):
            url = asked.error_url("temporarily_unavailable")
        except Exception:  # noqa: BLE001 - whatever it is, it is logged, and the application is told as the contract has it
            _log.exception("authorization failed", application=asked.application.client_id)
            url = asked.error_url("server_error")
        else:
            _log.info(
                "application authorized",
                application=asked.application.client_id,
                account=user.account_id,
                user=user.user_id,
            )
        return redirect(url, status=302)


def _look(
    tx: Transaction, pairs: QueryParameters, token: str | None
) -> tuple[AuthorizationRequest | AuthorizationRedirect | AuthorizationRejected, Sequence[SessionUser]]:
    """What is asked, and who is there to decide on it."""
    asked = authorization_requests.read(tx, pairs)
    return asked, sessions.find(tx, token) if token is not None and isinstance(asked, AuthorizationRequest) else []


def _answered(asked: AuthorizationRedirect | AuthorizationRejected) -> ASGIResponse:
    if isinstance(asked, AuthorizationRedirect):
        return redirect(asked.url, status=302)
    return notice(400, "This link does not work", f"{asked.reason} Nothing has happened, and nobody was let in.")


def _pairs(request: Request[Any, Any, Any]) -> QueryParameters:
    # What is no UTF-8 survives as lone surrogates, so that ``state`` comes back as it was.
    query = request.scope["query_string"].decode("latin-1")
    return parse_qsl(query, keep_blank_values=True, errors="surrogateescape")


def _address(request: Request[Any, Any, Any]) -> str:
    """This very page, with what is asked to the letter; encoded where it is nothing that a URL should hold."""
    return f"{PATH}?{quote(request.scope['query_string'], safe=_PLAIN)}"
