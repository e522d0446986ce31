"""The cookie of a browser in which a user has signed in before (``SECURITY.md#sign-in-attempts``).

The sign-in throttle gives such a browser a limit of its own for the user's e-mail address. The cookie proves nothing
else: it does not replace the password.
"""

import re
import secrets

from starlette.requests import Request

from hourhook.crypto import Keyring
from hourhook.http.sign_in_throttle import email_key

LIFETIME_SECONDS = 365 * 86_400
_COOKIE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


class KnownBrowsers:
    """Reads and sets the cookie, which holds a random id and its signature for one e-mail address."""

    def __init__(self, keyring: Keyring, *, is_secure: bool) -> None:
        self._keyring = keyring
        self._is_secure = is_secure
        self._name = "__Host-hourhook-known" if is_secure else "hourhook-known"

    def find(self, request: Request, email: str) -> str | None:
        """Return the id of the browser; None if nobody has signed in with this address in it."""
        found = _COOKIE.fullmatch(request.cookies.get(self._name, ""))
        if found is None or not secrets.compare_digest(found[2], self._sign(found[1], email)):
            return None
        return found[1]

    def set_cookie_header(self, email: str) -> tuple[str, str]:
        """Return the header that marks the browser as one in which this user has signed in."""
        browser = secrets.token_hex(16)
        secure = "; Secure" if self._is_secure else ""
        attributes = f"; Max-Age={LIFETIME_SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}"
        return "set-cookie", f"{self._name}={browser}.{self._sign(browser, email)}{attributes}"

    def _sign(self, browser: str, email: str) -> str:
        return self._keyring.sign("known browser", f"{browser} {email_key(email)}")
