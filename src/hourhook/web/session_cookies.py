"""Who looks at a page: the cookie that tells one browser from another, and the proof that a form is one of ours.

The cookie holds a random token and its signature. It is set on the page for signing in, where the token stands for
nobody yet, and replaced by a fresh one when somebody signs in (see ``domain.sessions``). No script can read it, and no
other site can have it sent along with a form. Each form carries a value made of the token besides: without both,
nothing is done.
"""

import re
import secrets
from typing import Any, Protocol

from litestar import Request

from hourhook.crypto import Keyring

_COOKIE = re.compile(r"([0-9a-f]{64})\.([0-9a-f]{64})")


class SessionCookies:
    """Reads and makes the cookies of a server."""

    def __init__(self, keyring: Keyring, *, is_secure: bool) -> None:
        self._keyring = keyring
        self._is_secure = is_secure
        # Browsers take a cookie of this prefix from nobody but the very host, over TLS.
        self._name = "__Host-hourhook" if is_secure else "hourhook"

    def session_token(self, request: Request[Any, Any, Any]) -> str | None:
        """The token of the visitor's cookie; None where there is none, or none that was made here."""
        found = _COOKIE.fullmatch(request.cookies.get(self._name, ""))
        if found is None or not secrets.compare_digest(found[2], self._keyring.sign("session", found[1])):
            return None
        return found[1]

    def set_cookie_header(self, token: str, max_age_seconds: int | None = None) -> tuple[str, str]:
        """The header that leaves a token with the visitor: until the browser is closed, or for longer."""
        lifetime = "" if max_age_seconds is None else f"; Max-Age={max_age_seconds}"
        return self._header(f"{token}.{self._keyring.sign('session', token)}{lifetime}")

    def clear_cookie_header(self) -> tuple[str, str]:
        """The header that takes the token away."""
        return self._header("; Max-Age=0")

    def csrf_token(self, token: str) -> str:
        """What the forms of this visitor carry."""
        return self._keyring.sign("form", token)

    def is_csrf_valid(self, token: str | None, csrf_token: str) -> bool:
        """Whether a form came from a page that was made for this visitor."""
        return token is not None and csrf_token.isascii() and secrets.compare_digest(self.csrf_token(token), csrf_token)

    def _header(self, value: str) -> tuple[str, str]:
        secure = "; Secure" if self._is_secure else ""
        return "set-cookie", f"{self._name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"


class _Visit(Protocol):
    client_address: str


def client_address(request: Request[Any, Any, Any]) -> str:
    """The visitor's address, as what stands before every route has found it out."""
    context: _Visit = request.scope["hourhook.context"]  # type: ignore[typeddict-item]
    return context.client_address
