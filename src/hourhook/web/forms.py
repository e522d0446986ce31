"""Read the forms of pages, check their origin, and the redirect path they may carry."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from hourhook.domain.inputs.numbers import MAX_ID
from hourhook.errors import NotFound
from hourhook.http.bodies import read_body

# Before sign-in: room for every field at its maximum length with each character as %XX.
MAX_FORM_BYTES = 65_536
MAX_FORM_FIELDS = 32
# Of signed-in users: room for a description, a selection of many rows, or a list of sequences.
MAX_APP_FORM_BYTES = 1_048_576
MAX_APP_FORM_FIELDS = 5_000

_MAX_ID_DIGITS = len(str(MAX_ID))
# A second slash or a backslash would begin the name of another server.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
# A comma as the decimal sign, where it cannot separate thousands.
_DECIMAL_COMMA = re.compile(r"\s*([+-]?\d*),(\d{1,2})\s*")


class InvalidForm(Exception):
    """The body is not a form of this server."""


class FormFields(dict[str, str]):
    """The fields of a form by name; the last of several with one name counts. ``lists`` has all of them."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self.lists.setdefault(name, []).append(value)


async def read_form(request: Request, max_bytes: int = MAX_FORM_BYTES, max_fields: int = MAX_FORM_FIELDS) -> FormFields:
    """Read the fields of a form. Raises ``InvalidForm``, and ``BodyTooLarge`` beyond ``max_bytes``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidForm
    body = await read_body(request.scope, request.receive, max_bytes)
    try:
        # ASCII as sent, UTF-8 once percent-decoded.
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=max_fields)
    except ValueError:
        raise InvalidForm from None
    return FormFields(pairs)


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


def is_cross_site(request: Request) -> bool:
    """Return whether a browser says that another site sent this request."""
    return request.headers.get("sec-fetch-site", "").lower() == "cross-site"


def safe_redirect_path(text: str) -> str | None:
    """Return ``text`` if it is a path of this server: the check against open redirects."""
    return text if _LOCAL_PATH.fullmatch(text) else None


def read_id(text: str) -> int | None:
    """Return an id; None if the text is not one that an object can have."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS
    return int(text) if is_number and 1 <= int(text) <= MAX_ID else None


def read_ids(texts: Iterable[str]) -> list[int]:
    """Return the ids among some texts."""
    return [id for id in map(read_id, texts) if id is not None]


def read_key(text: str) -> str:
    """Return a key other than an id; raises ``NotFound`` for one that no database can look for."""
    if "\0" in text:
        raise NotFound
    return text


def read_amount(text: str) -> str:
    """Return an amount as typed, with a point for a decimal comma; whether it is an amount is for the domain to say."""
    match = _DECIMAL_COMMA.fullmatch(text)
    return f"{match[1]}.{match[2]}" if match else text.strip()
