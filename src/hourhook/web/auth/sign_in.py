"""``/sign_in``, ``/sign_out`` and ``/me/account``: sessions for the pages of this server, and their current account.

Attempts are throttled by client address and by e-mail address. All failures look alike, so that they do not reveal
whether an address is known.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import structlog
from starlette.requests import Request

from hourhook.domain import sessions, sign_ins
from hourhook.domain.links import Links
from hourhook.domain.sign_ins import Candidate
from hourhook.errors import AccountLocked, NotFound
from hourhook.http.asgi import Application
from hourhook.http.context import get_context
from hourhook.http.hash_queue import RETRY_AFTER_SECONDS, HashQueueFull
from hourhook.http.queries import parse_query_string
from hourhook.http.responses import Response
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.store.database import Database
from hourhook.web.auth.known_browsers import KnownBrowsers
from hourhook.web.auth.unsigned_forms import UnsignedForms
from hourhook.web.browser_cookies import ACCOUNT, BrowserCookies
from hourhook.web.forms import read_form, safe_redirect_path
from hourhook.web.live import LiveHub
from hourhook.web.responses import csrf_failed, notice, page_route, redirect
from hourhook.web.session_cookies import SessionCookies

PATH = "/sign_in"

_WRONG = "Incorrect e-mail address or password."
_log = structlog.get_logger()


def sign_in_url(next_path: str) -> str:
    """Return the URL of the sign-in page that redirects to a path of this server afterwards."""
    return f"{PATH}?next={quote(next_path, safe='')}"


class SignIn:
    """The pages for signing in and out."""

    def __init__(
        self,
        database: Database,
        sign_in_throttle: SignInThrottle,
        session_cookies: SessionCookies,
        browser_cookies: BrowserCookies,
        known_browsers: KnownBrowsers,
        live: LiveHub,
        links: Links,
    ) -> None:
        self._database = database
        self._known_browsers = known_browsers
        self._sign_in_throttle = sign_in_throttle
        self._session_cookies = session_cookies
        self._forms = UnsignedForms(session_cookies, links)
        self._browser_cookies = browser_cookies
        self._live = live
        self._links = links

    def routes(self) -> Mapping[str, Application]:
        return {
            PATH: page_route(GET=self._show, POST=self._sign_in),
            "/sign_out": page_route(POST=self._sign_out),
            "/me/account": page_route(POST=self._switch_account),
        }

    async def _show(self, request: Request) -> Response:
        next_path = safe_redirect_path(_next_parameter(request))
        token = self._session_cookies.session_token(request)
        users = await self._database.read(sessions.find, token) if token else []
        if not users:
            return self._form(request, next_path)
        if next_path is not None:
            return self._redirect(next_path)
        return self._redirect("/")

    async def _sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        before = self._session_cookies.session_token(request)
        if before is None or not self._forms.is_valid(request, form):
            return csrf_failed()
        email, next_path = form.get("email", ""), safe_redirect_path(form.get("next", ""))
        attempt = self._sign_in_throttle.try_acquire(
            get_context(request.scope).client_network, email, browser=self._known_browsers.find(request, email)
        )
        if attempt is None:
            return _too_many_attempts(self._sign_in_throttle.retry_after_seconds)
        try:
            candidates = await self._sign_in_throttle.authenticate(self._database, attempt, form.get("password", ""))
        except HashQueueFull:
            return _too_many_attempts(RETRY_AFTER_SECONDS)
        token = sessions.new_token()
        if not await self._start_sessions(candidates, token, request.headers.get("user-agent", "")):
            _log.info("sign-in failed", client=get_context(request.scope).client_address)
            return self._form(request, next_path, email=email, error=_WRONG)
        await self._database.run(sessions.end, before)
        return self._redirect(
            next_path or "/",
            self._known_browsers.set_cookie_header(email),
            self._session_cookies.set_cookie_header(token, sessions.LIFETIME_SECONDS),
        )

    async def _sign_out(self, request: Request) -> Response:
        form = await read_form(request)
        token = self._session_cookies.session_token(request)
        if token is None or not self._forms.is_valid(request, form):
            return csrf_failed()
        await self._database.run(sessions.end, token)
        self._live.end_session(token)
        next_path = safe_redirect_path(form.get("next", ""))
        return self._redirect(
            sign_in_url(next_path) if next_path else PATH, self._session_cookies.clear_cookie_header()
        )

    async def _switch_account(self, request: Request) -> Response:
        """Make another account of the session the current one."""
        form = await read_form(request)
        token = self._session_cookies.session_token(request)
        if token is None or not self._forms.is_valid(request, form):
            return csrf_failed()
        users = await self._database.read(sessions.find, token)
        chosen = next((user for user in users if str(user.account_id) == form.get("account")), None)
        if chosen is None:
            raise NotFound
        return self._redirect("/", self._browser_cookies.set_header(ACCOUNT, str(chosen.account_id)))

    async def _start_sessions(self, candidates: Sequence[Candidate], token: str, user_agent: str) -> bool:
        """Start a session in each account. Raises ``AccountLocked`` if all of them are locked."""
        is_signed_in, locked = False, None
        for candidate in candidates:
            try:
                if await self._database.write(
                    candidate.account_id, sign_ins.sign_in, candidate, token, self._links, user_agent
                ):
                    is_signed_in = True
            except AccountLocked as error:
                locked = error
        if locked is not None and not is_signed_in:
            raise locked
        return is_signed_in

    def _form(self, request: Request, next_path: str | None, *, email: str = "", error: str | None = None) -> Response:
        status = 200 if error is None else 403
        return self._forms.show(request, "auth/sign_in", status=status, next_path=next_path, email=email, error=error)

    def _redirect(self, path: str, *headers: tuple[str, str]) -> Response:
        return redirect(self._links.href(path), headers=headers)


def _too_many_attempts(seconds: int) -> Response:
    text = f"There were too many sign-in attempts. Wait {seconds} seconds, go back, and try again."
    return notice(429, "Too many attempts", text, headers=[("retry-after", str(seconds))])


def _next_parameter(request: Request) -> str:
    pairs = parse_query_string(request.scope["query_string"])
    return next((value for name, value in pairs if name == "next"), "")
