"""HTTP Basic credentials (RFC 7617)."""

import base64
import binascii

from hourhook.http.asgi import Scope


def extract_basic_auth(scope: Scope) -> tuple[str, str] | None:
    """Return the user name and the password of the first ``Authorization`` header; None if it is not HTTP Basic."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value.strip():
            scheme, _, credentials = value.decode("latin-1").strip().partition(" ")
            return parse_basic_credentials(credentials) if scheme.lower() == "basic" else None
    return None


def parse_basic_credentials(credentials: str) -> tuple[str, str] | None:
    """Decode what follows the scheme into user name and password; None if it is not valid."""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        username, _, password = decoded.decode().partition(":")
    except UnicodeDecodeError:
        # Some clients encode these as HTTP headers once were.
        username, _, password = decoded.decode("latin-1").partition(":")
    return username, password
