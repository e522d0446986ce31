"""The address guard: nothing private is reached, whatever a webhook's URI says or its name resolves to.

Public addresses may be reached, and the networks that the operator allows. What is link-local, and where clouds
keep their metadata, is opened only by a network that lies within it: neither a wide network nor
``allow_loopback`` does it. An IPv4 address inside an IPv6 one is judged as that IPv4 address too.
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
    """The name leads to no address."""


class AddressRefused(Exception):
    """The name, or the address, leads to where nothing may be sent."""


class AddressGuard:
    """Decides which addresses may be reached."""

    def __init__(self, allowed_networks: Iterable[Network] = (), allow_loopback: bool = False) -> None:
        """Allow these networks besides the public ones, and with ``allow_loopback`` this machine itself."""
        self._allowed = (*allowed_networks, *(LOOPBACK if allow_loopback else ()))

    def is_allowed(self, ip: str) -> bool:
        """May this address be reached? What is no address may not."""
        try:
            return self._may_reach(parse_address(ip))
        except ValueError:
            return False

    def check_uri(self, uri: str) -> str | None:
        """Say what stands against a webhook with this URI, or None.

        An address in it is judged, a name is not: where a name leads is known only when it is sent to.
        """
        try:
            destination = parse_uri(uri)
        except InvalidUri as error:
            return str(error)
        if destination.is_ip_literal and not self.is_allowed(destination.host):
            return "leads to an address that is not allowed"
        return None

    async def resolve(self, host: str, port: int, resolver: Resolver) -> tuple[str, ...]:
        """Find the addresses of a host, in the resolver's order, without repeats.

        Raises ``NameNotFound``, or ``AddressRefused`` where any one of them is not allowed: a name that leads to
        the inside as well as to the outside is no accident worth guessing about.
        """
        try:
            answers = await resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise NameNotFound(host) from error
        if not answers:
            raise NameNotFound(host)
        if not all(map(self.is_allowed, answers)):
            raise AddressRefused(host)
        return tuple(dict.fromkeys(str(parse_address(answer)) for answer in answers))

    def _may_reach(self, address: Address) -> bool:
        return all(self._is_listed(face) or is_public(face) for face in embedded_addresses(address))

    def _is_listed(self, address: Address) -> bool:
        # Of two networks that share an address, the one with the longer prefix lies within the other.
        least_prefix = max((network.prefixlen for network in RESTRICTED_NETWORKS if address in network), default=0)
        return any(address in network and network.prefixlen >= least_prefix for network in self._allowed)
