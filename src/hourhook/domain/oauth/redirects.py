"""Redirect URIs: decide whether an application may use one (`docs/api/oauth.md#authorization-request`).

Host and port must be those of the registered callback, and the path the callback's or one below it; the scheme may
differ. URIs that a browser could parse differently are refused: those with non-ASCII characters, a backslash, a user
name or a fragment.

Native applications (RFC 8252) have two exceptions: on a loopback host any port is allowed (section 7.3), since they
listen on a free one, and a callback with a private-use scheme (section 7.1) is compared as a whole.
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
_LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
# The reverse of a domain name. The dot keeps out ``javascript:``, ``data:`` and every other registered scheme.
_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/", re.IGNORECASE)


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
    if is_private_use(callback):
        return uri == callback
    requested, registered = parse(uri), parse(callback)
    if requested is None or registered is None or requested.host != registered.host:
        return False
    if requested.port != registered.port and registered.host not in _LOOPBACK_HOSTS:
        ports_follow_schemes = requested.has_default_port and registered.has_default_port
        if not ports_follow_schemes:
            return False
    # Compared decoded as well, for servers that decode slashes: ``..`` must not escape the path there either.
    return _is_below(_segments(requested.path), _segments(registered.path)) and _is_below(
        _segments(_decoded(requested.path)), _segments(_decoded(registered.path))
    )


def parse(uri: str) -> RedirectUrl | None:
    """Parse an http or https URL; None if it is not allowed as a redirect."""
    if not _is_unambiguous(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc or port == 0:
        return None
    return RedirectUrl(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], parts.path)


def is_private_use(uri: str) -> bool:
    """Return whether a URI has a private-use scheme with a dot, such as ``com.example.app:/callback``."""
    return _is_unambiguous(uri) and _PRIVATE_USE.match(uri) is not None


def describe_target(uri: str) -> str:
    """Return the part of a redirect URI that tells a user where it leads: its host and port, or its private scheme."""
    return uri.partition("/")[0] if is_private_use(uri) else urlsplit(uri).netloc


def source_expression(uri: str) -> str | None:
    """Return what a ``Content-Security-Policy`` needs besides ``http:`` and ``https:`` for a redirect to this URI."""
    return uri.partition("/")[0] if is_private_use(uri) else None


def add_query_parameters(uri: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Add parameters to the query of a URI without changing the rest of it."""
    added = "&".join(f"{name}={quote(value, safe='', errors='surrogateescape')}" for name, value in pairs)
    if "?" not in uri:
        return f"{uri}?{added}"
    return uri + added if uri.endswith(("?", "&")) else f"{uri}&{added}"


def _is_unambiguous(uri: str) -> bool:
    return len(uri) <= MAX_LENGTH and _PLAIN.fullmatch(uri) is not None and "#" not in uri


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
