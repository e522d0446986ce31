"""The token that a request carries, in any of its carriers, of which the first one present counts.

(Contract, 00-conventions §2.)
"""

import base64
import binascii

from hourhook.api.pagination import CREDENTIAL_PARAMETERS, Pairs
from hourhook.http.asgi import Scope

_PASSWORDS = ("", "x-noko-token", "x-freckle-token", "x-oauth-basic")


def extract_token(scope: Scope, pairs: Pairs) -> str | None:
    """The token of a request, given the parameters of its query; None when there is none that could be tried."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if value.strip():
            headers.setdefault(name, value)
    for name in (b"x-nokotoken", b"x-freckletoken"):
        if name in headers:
            return headers[name].decode("latin-1").strip()
    if b"authorization" in headers:
        return _authorized(headers[b"authorization"].decode("latin-1"))
    query = {key: value for key, value in pairs if value}
    return next((query[key] for key in CREDENTIAL_PARAMETERS if key in query), None)


def extract_basic_auth(scope: Scope) -> tuple[str, str] | None:
    """The user name and the password that a request carries by HTTP Basic; None where there are none."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value.strip():
            scheme, _, credentials = value.decode("latin-1").strip().partition(" ")
            return _basic(credentials) if scheme.lower() == "basic" else None
    return None


def _authorized(header: str) -> str | None:
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip()
    found = _basic(value) if scheme.lower() == "basic" else None
    if found is None:
        return None
    username, password = found
    return username if password in _PASSWORDS else None


def _basic(credentials: str) -> tuple[str, str] | None:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        username, _, password = decoded.decode().partition(":")
    except UnicodeDecodeError:
        # Some clients encode as headers were once meant to be.
        username, _, password = decoded.decode("latin-1").partition(":")
    return username, password
