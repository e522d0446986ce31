"""Where a user may be sent back to (contract, oauth.md, the rule for ``redirect_uri``).

Host and port are those of the registered callback, and the path is the callback's or lies below it; the scheme may
differ. What a browser would read differently from how it is read here is refused: so is anything that is no plain
ASCII, a backslash, somebody's name before the host, and a fragment.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

MAX_LENGTH = 2000

# Graphic ASCII without what no URL holds unencoded, and without the backslash, which browsers take for a slash.
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DOT = re.compile(r"%2e", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RedirectUrl:
    """A URL as far as the rule looks at it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def has_default_port(self) -> bool:
        """Whether the port is the one that its scheme has by itself."""
        return self.port == _DEFAULT_PORTS[self.scheme]


def is_allowed_redirect(uri: str, callback: str) -> bool:
    """Whether an application with this callback may have its users sent to the URI."""
    there, registered = parse(uri), parse(callback)
    if there is None or registered is None or there.host != registered.host:
        return False
    if there.port != registered.port:
        differ_by_scheme_alone = there.has_default_port and registered.has_default_port
        if not differ_by_scheme_alone:
            return False
    # Also as a server would see it that takes an encoded slash for one: nothing may climb out there.
    return _is_below(_segments(there.path), _segments(registered.path)) and _is_below(
        _segments(_decoded(there.path)), _segments(_decoded(registered.path))
    )


def parse(uri: str) -> RedirectUrl | None:
    """Take a URL apart; None for one to which nobody may be sent."""
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
    """The URI with parameters added to its query, and nothing else of it changed."""
    added = "&".join(f"{name}={quote(value, safe='', errors='surrogateescape')}" for name, value in pairs)
    if "?" not in uri:
        return f"{uri}?{added}"
    return uri + added if uri.endswith(("?", "&")) else f"{uri}&{added}"


def _decoded(path: str) -> str:
    return unquote(path).replace("\\", "/")


def _segments(path: str) -> Sequence[str]:
    """The segments of a path, its dots resolved as a browser does; a slash at the end is as good as none."""
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
