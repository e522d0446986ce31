"""Session cookies, and the CSRF tokens of the forms of a session.

The cookie holds a random session token and its signature. It is set on the sign-in page, where the token belongs to no
user yet, and replaced when a user signs in (see ``domain.sessions``). It is ``HttpOnly`` and ``SameSite=Lax``. Each
form also carries a CSRF token derived from the session token; a request needs both.
"""

import re
import secrets

from starlette.requests import Request

from hourhook.crypto import Keyring

_COOKIE = re.compile(r"([0-9a-f]{64})\.([0-9a-f]{64})")


class SessionCookies:
    """Reads and sets the session cookie."""

    def __init__(self, keyring: Keyring, *, is_secure: bool) -> None:
        self._keyring = keyring
        self._is_secure = is_secure
        # Browsers accept a cookie with this prefix only from the very host, over TLS.
        self._name = "__Host-hourhook" if is_secure else "hourhook"

    def session_token(self, request: Request) -> str | None:
        """Return the session token; None if there is no cookie with a valid signature."""
        found = _COOKIE.fullmatch(request.cookies.get(self._name, ""))
        if found is None or not secrets.compare_digest(found[2], self._keyring.sign("session", found[1])):
            return None
        return found[1]

    def set_cookie_header(self, token: str, max_age_seconds: int | None = None) -> tuple[str, str]:
        """Return the header that sets the cookie, by default until the browser is closed."""
        lifetime = "" if max_age_seconds is None else f"; Max-Age={max_age_seconds}"
        return self._header(f"{token}.{self._keyring.sign('session', token)}{lifetime}")

    def clear_cookie_header(self) -> tuple[str, str]:
        return self._header("; Max-Age=0")

    def csrf_token(self, token: str, account_id: int | None = None) -> str:
        """Return the CSRF token of a session; forms that change an account have one of that account."""
        return self._keyring.sign("form", token if account_id is None else f"{token} {account_id}")

    def is_csrf_valid(self, token: str | None, csrf_token: str, account_id: int | None = None) -> bool:
        if token is None or not csrf_token.isascii():
            return False
        return secrets.compare_digest(self.csrf_token(token, account_id), csrf_token)

    def _header(self, value: str) -> tuple[str, str]:
        secure = "; Secure" if self._is_secure else ""
        return "set-cookie", f"{self._name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"
