"""Read the forms of pages, check their origin, and the redirect path they may carry."""

import re
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from hourhook.http.bodies import read_body

# Room for every field at its maximum length with each character as %XX.
MAX_FORM_BYTES = 65_536
MAX_FORM_FIELDS = 32

# A second slash or a backslash would begin the name of another server.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class InvalidForm(Exception):
    """The body is not a form of this server."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form; the last of several with one name counts.

    Raises ``InvalidForm``, and ``BodyTooLarge`` beyond ``MAX_FORM_BYTES``.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidForm
    body = await read_body(request.scope, request.receive, MAX_FORM_BYTES)
    try:
        # ASCII as sent, UTF-8 once percent-decoded.
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise InvalidForm from None
    return dict(pairs)


def is_same_origin(request: Request, base_url: str) -> bool:
    """Return whether a form comes from a page of this server, or from a program, which sends no ``Origin``.

    The server's name is that of the settings or, where it was reached by another one, that of the request.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return True
    names = {urlsplit(base_url).netloc.lower(), request.headers.get("host", "").lower()}
    scheme, _, name = origin.lower().partition("://")
    return scheme in ("http", "https") and name != "" and name in names


def safe_redirect_path(text: str) -> str | None:
    """Return ``text`` if it is a path of this server: the check against open redirects."""
    return text if _LOCAL_PATH.fullmatch(text) else None
