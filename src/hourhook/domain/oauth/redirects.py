"""Redirect URIs: decide whether an application may use one (`docs/api/oauth.md#authorization-request`).

Host and port must be those of the registered callback, and the path the callback's or one below it; the scheme may
differ. URIs that a browser could parse differently are refused: those with non-ASCII characters, a backslash, a user
name or a fragment.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

MAX_LENGTH = 2000

# Printable ASCII without the characters that URLs must encode, and without backslash, which browsers read as a slash.
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DOT = re.compile(r"%2e", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RedirectUrl:
    """The parts of a URL that are compared."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def has_default_port(self) -> bool:
        return self.port == _DEFAULT_PORTS[self.scheme]


def is_allowed_redirect(uri: str, callback: str) -> bool:
    """Return whether an application with this callback may redirect users to the URI."""
    requested, registered = parse(uri), parse(callback)
    if requested is None or registered is None or requested.host != registered.host:
        return False
    if requested.port != registered.port:
        ports_follow_schemes = requested.has_default_port and registered.has_default_port
        if not ports_follow_schemes:
            return False
    # Compared decoded as well, for servers that decode slashes: ``..`` must not escape the path there either.
    return _is_below(_segments(requested.path), _segments(registered.path)) and _is_below(
        _segments(_decoded(requested.path)), _segments(_decoded(registered.path))
    )


def parse(uri: str) -> RedirectUrl | None:
    """Parse a URL; None if it is not allowed as a redirect."""
    if len(uri) > MAX_LENGTH or not _PLAIN.fullmatch(uri) or "#" in uri:
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc or port == 0:
        return None
    return RedirectUrl(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], parts.path)


def add_query_parameters(uri: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Add parameters to the query of a URI without changing the rest of it."""
    added = "&".join(f"{name}={quote(value, safe='', errors='surrogateescape')}" for name, value in pairs)
    if "?" not in uri:
        return f"{uri}?{added}"
    return uri + added if uri.endswith(("?", "&")) else f"{uri}&{added}"


def _decoded(path: str) -> str:
    return unquote(path).replace("\\", "/")


def _segments(path: str) -> Sequence[str]:
    """Split a path into segments, resolving dots as browsers do; trailing slashes are ignored."""
    found: list[str] = []
    for segment in path.split("/")[1:]:
        dots = _DOT.sub(".", segment)
        if dots == "..":
            del found[-1:]
        elif dots != ".":
            found.append(segment)
    while found and not found[-1]:
        found.pop()
    return found


def _is_below(segments: Sequence[str], base: Sequence[str]) -> bool:
    return list(segments[: len(base)]) == list(base)
