"""``/sign_in`` and ``/sign_out``: with an e-mail address and a password, for the pages of this server alone.

Tries are counted for each client address and for each e-mail address, and whatever goes wrong is answered in the same
words: nothing tells whether an address is known here.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request, get, post
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.domain import sessions, sign_ins
from hourhook.domain.links import Links
from hourhook.domain.sign_ins import Candidate
from hourhook.errors import AccountLocked
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.store.database import Database
from hourhook.web.forms import MAX_FORM_BYTES, read_form, safe_redirect_path
from hourhook.web.rendering import render
from hourhook.web.responses import csrf_failed, notice, redirect, with_error_pages
from hourhook.web.session_cookies import SessionCookies, client_address

PATH = "/sign_in"

_WRONG = "The e-mail address and the password do not belong together."
_log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]


def sign_in_url(next_path: str) -> str:
    """Where somebody signs in and then goes on to a path of this server."""
    return f"{PATH}?next={quote(next_path, safe='')}"


class SignIn:
    """The pages for signing in and out."""

    def __init__(
        self, database: Database, sign_in_throttle: SignInThrottle, session_cookies: SessionCookies, links: Links
    ) -> None:
        self._database = database
        self._sign_in_throttle = sign_in_throttle
        self._session_cookies = session_cookies
        self._links = links

    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The routes of the pages."""

        @get(PATH)
        async def show(request: AnyRequest) -> ASGIApp:
            return await with_error_pages(self._show(request))

        @post(PATH, status_code=200, request_max_body_size=MAX_FORM_BYTES)
        async def sign_in(request: AnyRequest) -> ASGIApp:
            return await with_error_pages(self._sign_in(request))

        @post("/sign_out", status_code=200, request_max_body_size=MAX_FORM_BYTES)
        async def sign_out(request: AnyRequest) -> ASGIApp:
            return await with_error_pages(self._sign_out(request))

        return [show, sign_in, sign_out]

    async def _show(self, request: AnyRequest) -> ASGIResponse:
        next_path = safe_redirect_path(request.query_params.get("next", ""))
        token = self._session_cookies.session_token(request)
        users = await self._database.read(sessions.find, token) if token else []
        if token is None or not users:
            return self._form(token, next_path)
        if next_path is not None:
            return self._go_to(next_path)
        return render(
            "signed_in",
            form_targets=["'self'"],
            users=users,
            csrf_token=self._session_cookies.csrf_token(token),
            href=self._links.href,
        )

    async def _sign_in(self, request: AnyRequest) -> ASGIResponse:
        form = await read_form(request)
        before = self._session_cookies.session_token(request)
        if not self._session_cookies.is_csrf_valid(before, form.get("csrf_token", "")):
            return csrf_failed()
        email, next_path = form.get("email", ""), safe_redirect_path(form.get("next", ""))
        if not self._sign_in_throttle.try_acquire(client_address(request), email):
            return self._later()
        candidates = await self._sign_in_throttle.authenticate(self._database, email, form.get("password", ""))
        token = sessions.new_token()
        if not await self._enter(candidates, token):
            _log.info("sign-in failed", client=client_address(request))
            return self._form(before, next_path, email=email, error=_WRONG)
        if before is not None:
            await self._database.run(sessions.end, before)
        return self._go_to(next_path or PATH, self._session_cookies.set_cookie_header(token, sessions.LIFETIME_SECONDS))

    async def _sign_out(self, request: AnyRequest) -> ASGIResponse:
        form = await read_form(request)
        token = self._session_cookies.session_token(request)
        if token is None or not self._session_cookies.is_csrf_valid(token, form.get("csrf_token", "")):
            return csrf_failed()
        await self._database.run(sessions.end, token)
        next_path = safe_redirect_path(form.get("next", ""))
        return self._go_to(sign_in_url(next_path) if next_path else PATH, self._session_cookies.clear_cookie_header())

    async def _enter(self, candidates: Sequence[Candidate], token: str) -> bool:
        """Begin a session for each account; raises ``AccountLocked`` when all of them are locked."""
        entered, locked = False, None
        for candidate in candidates:
            try:
                if await self._database.write(candidate.account_id, sign_ins.sign_in, candidate, token, self._links):
                    entered = True
            except AccountLocked as error:
                locked = error
        if locked is not None and not entered:
            raise locked
        return entered

    def _form(
        self, token: str | None, next_path: str | None, *, email: str = "", error: str | None = None
    ) -> ASGIResponse:
        headers = []
        if token is None:
            token = sessions.new_token()
            headers = [self._session_cookies.set_cookie_header(token)]
        return render(
            "sign_in",
            status=200 if error is None else 403,
            form_targets=["'self'"],
            headers=headers,
            csrf_token=self._session_cookies.csrf_token(token),
            next_path=next_path,
            email=email,
            error=error,
            href=self._links.href,
        )

    def _go_to(self, path: str, *headers: tuple[str, str]) -> ASGIResponse:
        return redirect(self._links.href(path), headers=headers)

    def _later(self) -> ASGIResponse:
        seconds = self._sign_in_throttle.retry_after_seconds
        text = f"There were too many tries. Wait {seconds} seconds, go back, and try once more."
        return notice(429, "Not so fast", text, headers=[("retry-after", str(seconds))])
