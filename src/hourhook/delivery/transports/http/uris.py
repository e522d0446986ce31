"""Payload URIs, parsed once, as browsers parse them (WHATWG URL).

The host that the address guard checks is the host that the client connects to, with every spelling of an address
(``2130706433``, ``0x7f.1``, ``0177.0.0.1``, full-width digits) normalized and every international name in its ASCII
form.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ada_url import URL, HostType

URI_LIMIT = 2048

# No whitespace, control characters or backslashes: parsers disagree about them, and they are invalid in URIs.
_SHAPE = re.compile(r"(https?)://([^/?#\\\s\x00-\x1f\x7f-\x9f]+)[^\\\s\x00-\x1f\x7f-\x9f]*", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class InvalidUri(ValueError):
    """A URI that no payload can be sent to; the text says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the requests of a URI go. ``host`` is a name or an address without brackets, in lower case and ASCII."""

    scheme: str
    host: str
    port: int
    is_ip_literal: bool


@dataclass(frozen=True, slots=True)
class ParsedUri:
    """A parsed URI. ``host_header`` and ``target`` are its parts as a request carries them."""

    origin: Origin
    host_header: str
    target: str


@lru_cache(maxsize=16_384)
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
    if shape[2].startswith(":"):
        raise InvalidUri("names no host")
    try:
        url = URL(uri)
    except ValueError:
        raise InvalidUri("names a host or a port that cannot exist") from None
    scheme = url.protocol.rstrip(":")
    port = int(url.port or _DEFAULT_PORTS[scheme])
    if not port:
        raise InvalidUri("names port 0")
    is_ip_literal = url.host_type != HostType.DEFAULT
    return ParsedUri(
        Origin(scheme, url.hostname.strip("[]"), port, is_ip_literal),
        url.host,
        url.pathname + url.search,
    )


def bracketed(host: str) -> str:
    """Return a host as it stands in a URI: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
