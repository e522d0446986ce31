"""Find the address and the scheme of the client behind trusted reverse proxies."""

import ipaddress
from collections.abc import Sequence

from hourhook.http.asgi import Scope
from hourhook.settings import Network

FORWARDING_HEADERS = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip", b"via")


def peer_address(scope: Scope) -> str:
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def client_address(scope: Scope, trusted_proxies: Sequence[Network]) -> str:
    """Return the nearest address that is not a trusted proxy.

    ``X-Forwarded-For`` is read from its end, and only as far as trusted proxies have written it.
    """
    address = peer_address(scope)
    if not trusted_proxies:
        return address
    stated = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for hop in b",".join(stated).decode("latin-1").split(",") if hop.strip()]
    while hops and _is_within(address, trusted_proxies):
        nearest = _parsed(hops.pop())
        if nearest is None:
            break
        address = str(nearest)
    return address


def client_network(address: str) -> str:
    """Return the network that rate limits apply to: an IPv4 address, or the /64 of an IPv6 address.

    A host with IPv6 usually has a whole /64, and could use a new address for every request.
    """
    if ":" not in address:
        return address
    parsed = _parsed(address.partition("%")[0])
    if not isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed or address)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"


def is_forwarded(scope: Scope) -> bool:
    """Return whether a proxy has marked this request as forwarded."""
    return any(name in FORWARDING_HEADERS for name, _ in scope["headers"])


def request_scheme(scope: Scope, trusted_proxies: Sequence[Network]) -> str:
    """Return ``http`` or ``https``, as the client sees it."""
    if _is_within(peer_address(scope), trusted_proxies):
        for name, value in scope["headers"]:
            scheme = value.decode("latin-1").strip().lower()
            if name == b"x-forwarded-proto" and scheme in ("http", "https"):
                return str(scheme)
    return "https" if scope["scheme"] == "https" else "http"


def is_loopback(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # Some proxies add the port: 203.0.113.7:1234, [2001:db8::1]:1234.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
