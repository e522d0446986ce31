"""SSRF protection: the address guard blocks private networks, whatever a URI contains or a name resolves to.

Public addresses are allowed, and networks that the operator allows. Link-local networks and cloud metadata addresses
are allowed only by a network within them: neither a wider network nor ``allow_loopback`` allows them. An IPv6 address
with an embedded IPv4 address is also checked as that IPv4 address
(``SECURITY.md#ssrf-protection``).
"""

from collections.abc import Iterable

from hourhook.delivery.transports.http.addresses import (
    LOOPBACK,
    RESTRICTED_NETWORKS,
    Address,
    Network,
    embedded_addresses,
    is_public,
    parse_address,
)
from hourhook.delivery.transports.http.resolvers import Resolver
from hourhook.delivery.transports.http.uris import InvalidUri, parse_uri


class NameNotFound(Exception):
    """The name could not be resolved."""


class AddressRefused(Exception):
    """The host is, or resolves to, an address that is not allowed."""


class AddressGuard:
    """Decide which addresses webhooks may reach."""

    def __init__(self, allowed_networks: Iterable[Network] = (), allow_loopback: bool = False) -> None:
        """Allow these networks besides public ones, and loopback addresses if ``allow_loopback``."""
        self._allowed = (*allowed_networks, *(LOOPBACK if allow_loopback else ()))

    def is_allowed(self, ip: str) -> bool:
        """Return whether an address may be reached; False for anything that is not an address."""
        try:
            return self._is_address_allowed(parse_address(ip))
        except ValueError:
            return False

    def check_uri(self, uri: str) -> str | None:
        """Return why a webhook must not use this URI, or None.

        Only a literal address is checked; names are resolved and checked when sending.
        """
        try:
            origin = parse_uri(uri).origin
        except InvalidUri as error:
            return str(error)
        if origin.is_ip_literal and not self.is_allowed(origin.host):
            return "leads to an address that is not allowed"
        return None

    async def resolve(self, host: str, port: int, resolver: Resolver) -> tuple[str, ...]:
        """Return the addresses of a host, in the resolver's order, without duplicates.

        Raises ``NameNotFound``, or ``AddressRefused`` if any of them is not allowed: a name with public and private
        addresses is suspicious.
        """
        try:
            resolved = await resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise NameNotFound(host) from error
        if not resolved:
            raise NameNotFound(host)
        if not all(map(self.is_allowed, resolved)):
            raise AddressRefused(host)
        return tuple(dict.fromkeys(str(parse_address(address)) for address in resolved))

    def _is_address_allowed(self, address: Address) -> bool:
        return all(self._is_listed(embedded) or is_public(embedded) for embedded in embedded_addresses(address))

    def _is_listed(self, address: Address) -> bool:
        # Of two networks that share an address, the one with the longer prefix lies within the other.
        min_prefix = max((network.prefixlen for network in RESTRICTED_NETWORKS if address in network), default=0)
        return any(address in network and network.prefixlen >= min_prefix for network in self._allowed)
