"""Forms for those who are not signed in: the proof of form belongs to a token that is no session yet."""

from starlette.requests import Request

from hourhook.domain import sessions
from hourhook.domain.links import Links
from hourhook.http.responses import Response
from hourhook.web.assets import asset_path
from hourhook.web.forms import FormFields, is_cross_site
from hourhook.web.frame import csrf_field
from hourhook.web.rendering import app_page
from hourhook.web.session_cookies import SessionCookies


class UnsignedForms:
    """Shows such forms, and checks where they come from."""

    def __init__(self, session_cookies: SessionCookies, links: Links) -> None:
        self._session_cookies = session_cookies
        self._links = links

    def show(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page with a form; a browser without a token gets one."""
        token, headers = self._session_cookies.session_token(request), []
        if token is None:
            token = sessions.new_token()
            headers = [self._session_cookies.set_cookie_header(token)]
        common = {
            "href": self._links.href,
            "asset": asset_path,
            "csrf": csrf_field(self._session_cookies.csrf_token(token)),
        }
        return app_page(template, {**common, **values}, status=status, headers=headers)

    def is_valid(self, request: Request, fields: FormFields) -> bool:
        """Return whether a form comes from a page of this server, shown to this browser."""
        token = self._session_cookies.session_token(request)
        return not is_cross_site(request) and self._session_cookies.is_csrf_valid(token, fields.get("csrf_token", ""))
