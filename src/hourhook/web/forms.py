"""What forms bring, and where they may lead."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

LARGEST_BYTES = 65_536

# Of this server: a second slash, or a backslash, would begin the name of another.
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")


async def read_form(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """The fields of a form, of each the last; what is no UTF-8 is replaced."""
    body = await request.body()
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace"))


def own_path(text: str) -> str | None:
    """The path of this server that somebody wants to go on to, if it is one."""
    return text if _OWN.fullmatch(text) else None
