"""Forms as browsers send them: read up to a limit; whether a page of ours sent them, and where they may lead."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Request

# Every field of ours filled to the brim, each character written as %XX.
MAX_FORM_BYTES = 65_536
MAX_FORM_FIELDS = 32

# Of this server: a second slash, or a backslash, would begin the name of another.
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class InvalidForm(Exception):
    """This is no form of ours."""


async def read_form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of a form; of several with one name the last one counts (raises ``InvalidForm``)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidForm
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            raise InvalidForm
    try:
        # ASCII as it is sent, and UTF-8 once it is decoded.
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise InvalidForm from None
    return dict(pairs)


def is_same_origin(request: Request[Any, Any, Any], base_url: str) -> bool:
    """Whether a form was sent from a page of this server, or by a program, which says nothing of where it comes from.

    A page of ours has the name of the settings or, where it was reached by another one, that of the request.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return True
    here = urlsplit(base_url)
    names = {here.netloc.lower(), request.headers.get("host", "").lower()}
    scheme, _, name = origin.lower().partition("://")
    return scheme in ("http", "https") and name != "" and name in names


def safe_redirect_path(text: str) -> str | None:
    """The path of this server that somebody wants to go on to, if it is one."""
    return text if _OWN.fullmatch(text) else None
