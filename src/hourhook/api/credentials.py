"""Read the API token of a request (``docs/api/conventions.md#authentication``)."""

from hourhook.http.asgi import Scope
from hourhook.http.basic_auth import parse_basic_credentials
from hourhook.http.queries import Pairs

CREDENTIAL_PARAMETERS = ("noko_token", "freckle_token", "access_token", "token")
_PASSWORDS = ("", "x-noko-token", "x-freckle-token", "x-oauth-basic")


def extract_token(scope: Scope, pairs: Pairs) -> str | None:
    """Return the token of the first header or query parameter that can carry one; None if it carries none."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if value.strip():
            headers.setdefault(name, value)
    for name in (b"x-nokotoken", b"x-freckletoken"):
        if name in headers:
            return headers[name].decode("latin-1").strip()
    if b"authorization" in headers:
        return _from_authorization(headers[b"authorization"].decode("latin-1"))
    query = {key: value for key, value in pairs if value}
    return next((query[key] for key in CREDENTIAL_PARAMETERS if key in query), None)


def _from_authorization(header: str) -> str | None:
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip()
    credentials = parse_basic_credentials(value) if scheme.lower() == "basic" else None
    if credentials is None:
        return None
    username, password = credentials
    return username if password in _PASSWORDS else None
