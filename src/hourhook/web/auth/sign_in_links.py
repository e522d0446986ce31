"""``/sign_in/link/CODE``: sign in by a link that ``hourhook demo`` prints."""

from collections.abc import Mapping

from starlette.requests import Request

from hourhook.crypto import Keyring
from hourhook.domain import sessions, sign_in_links, sign_ins
from hourhook.domain.links import Links
from hourhook.http.asgi import Application
from hourhook.http.responses import Response
from hourhook.store.database import Database
from hourhook.web.forms import safe_redirect_path
from hourhook.web.responses import notice, page_route, redirect
from hourhook.web.session_cookies import SessionCookies


class SignInLinks:
    """The page behind a sign-in link, which leads to the path in ``next``."""

    def __init__(self, database: Database, session_cookies: SessionCookies, keyring: Keyring, links: Links) -> None:
        self._database = database
        self._session_cookies = session_cookies
        self._keyring = keyring
        self._links = links

    def routes(self) -> Mapping[str, Application]:
        return {f"{sign_in_links.PREFIX}{{code}}": page_route(GET=self._sign_in)}

    async def _sign_in(self, request: Request) -> Response:
        code, token = request.path_params["code"], sessions.new_token()
        user = await self._database.read(sign_in_links.find_user, self._keyring, code)
        browser = request.headers.get("user-agent", "")
        if user is None or not await self._database.write(
            user.account_id, sign_ins.sign_in, user, token, self._links, browser
        ):
            return notice(403, "This link no longer works", "It has expired, or was not copied whole.")
        path = safe_redirect_path(request.query_params.get("next", "")) or "/"
        cookie = self._session_cookies.set_cookie_header(token, sessions.LIFETIME_SECONDS)
        return redirect(self._links.href(path), headers=[cookie])
