"""Payload URIs, parsed once, by the parser of the HTTP client itself.

Two parsers that disagree about the host of a URI are a security hole: one is checked, the other is connected to. So the
host checked here is the host the client connects to, with every spelling of an address (``2130706433``, ``0x7f.1``,
``0177.0.0.1``, full-width digits) already normalized.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from pyreqwest.http import Url

URI_LIMIT = 2048

# No whitespace, control characters or backslashes: parsers disagree about them, and they are invalid in URIs.
_SHAPE = re.compile(r"(https?)://([^/?#\\\s\x00-\x1f\x7f-\x9f]+)[^\\\s\x00-\x1f\x7f-\x9f]*", re.IGNORECASE)


class InvalidUri(ValueError):
    """A URI that no payload can be sent to; the text says why."""


@dataclass(frozen=True, slots=True)
class ParsedUri:
    """A parsed URI. ``host`` is a name or an address, in lower case and ASCII."""

    url: Url
    scheme: str
    host: str
    port: int
    is_ip_literal: bool
    origin: tuple[str, str, int]


@lru_cache(maxsize=4096)
def parse_uri(uri: str) -> ParsedUri:
    """Parse an absolute http or https URI.

    Raises ``InvalidUri`` for anything else. User names and passwords are refused: receivers verify the signature, and a
    URI is shown in lists and logs. A token may be part of the path or the query
    (``docs/decisions/0015-no-credentials-in-payload-uris.md``).
    """
    if len(uri) > URI_LIMIT:
        raise InvalidUri(f"is longer than {URI_LIMIT} characters")
    shape = _SHAPE.fullmatch(uri)
    if shape is None:
        raise InvalidUri("is not an absolute http or https URI")
    if "@" in shape[2]:
        raise InvalidUri("carries a user name or a password")
    try:
        url = Url(uri)
    except ValueError as error:
        raise InvalidUri(f"cannot be read: {error}") from None
    host, port = url.host_str, url.port_or_known_default
    if not host:
        raise InvalidUri("names no host")
    if not port:
        raise InvalidUri("names port 0")
    is_ip_literal = url.domain is None
    host = host.strip("[]")
    return ParsedUri(url, url.scheme, host, port, is_ip_literal, (url.scheme, host, port))
