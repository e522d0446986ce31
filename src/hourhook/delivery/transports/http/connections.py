"""One client per destination, pinned to an address that the guard has seen; a bounded number of them is kept.

What is checked is what is connected to: a client never resolves a name itself, so a name that answers
differently the next time (rebinding) changes nothing. Names are resolved anew every few seconds, and the client
stays as long as its address is still among the answers, so that its open connections do.

Through an egress proxy the guard still judges what a name resolves to, but the proxy resolves it once more.
"""

import asyncio
import ssl
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BuilderError
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder

from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused
from hourhook.delivery.transports.http.resolvers import Resolver, SystemResolver
from hourhook.delivery.transports.http.uris import ParsedUri
from hourhook.errors import OperatorError

# Common servers close an idle connection after 5 s and more: let go of it earlier, since a request that meets
# the closing fails.
_IDLE = timedelta(seconds=4)
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")

_Origin = tuple[str, str, int]


class TrustStoreMissing(Exception):
    """This machine has no roots of trust, so nobody's certificate can be checked."""


@dataclass(slots=True, eq=False)
class PinnedClient:
    """A way to a destination: a client, the address it is pinned to, and all the addresses there are."""

    client: Client
    address: str
    addresses: tuple[str, ...]
    valid_until: float


class ConnectionPool:
    """Opens the routes to destinations, and keeps those used last."""

    def __init__(
        self,
        guard: AddressGuard,
        timeout_seconds: float,
        ca_file: str | None,
        egress_proxy: str | None,
        max_clients: int,
        resolver: Resolver | None,
        dns_ttl_seconds: float,
    ) -> None:
        """Raises ``OperatorError`` where the file or the proxy cannot be used."""
        self._guard = guard
        self._resolver = resolver or SystemResolver()
        self._connect_timeout = timedelta(seconds=timeout_seconds / 2)
        self._certificates = _read_certificates(ca_file) if ca_file else None
        self._proxy = _read_proxy(egress_proxy) if egress_proxy else None
        self._max_clients = max_clients
        self._fresh_seconds = dns_ttl_seconds
        self._routes: OrderedDict[_Origin, PinnedClient] = OrderedDict()
        self._openings: dict[_Origin, asyncio.Task[PinnedClient]] = {}

    def find(self, destination: ParsedUri) -> PinnedClient | None:
        """Give the open route to a destination, or None where there is none or its addresses have aged."""
        route = self._routes.get(destination.origin)
        if route is None or route.valid_until < monotonic():
            return None
        self._routes.move_to_end(destination.origin)
        return route

    async def open(self, destination: ParsedUri, failed: PinnedClient | None = None) -> PinnedClient:
        """Open a route, or follow the name of an aged one; whoever asks for it meanwhile waits for the same.

        ``failed`` is a route that could not be connected to: the next address takes its place. Raises what
        ``AddressGuard.resolve`` raises, and ``TrustStoreMissing``.
        """
        current = self._routes.get(destination.origin)
        if failed is not None and current is not None and current is not failed:
            return current  # somebody else has changed it
        opening = self._openings.get(destination.origin)
        if opening is None:
            opening = asyncio.create_task(self._open(destination, current, failed))
            self._openings[destination.origin] = opening
            opening.add_done_callback(lambda task: self._end_opening(destination.origin, task))
        # Who gives up waiting leaves the others their answer.
        return await asyncio.shield(opening)

    async def close(self) -> None:
        """Let go of all clients and of the connections that are idle; for when no send is under way."""
        for opening in list(self._openings.values()):
            opening.cancel()
        self._routes.clear()

    def _end_opening(self, origin: _Origin, opening: asyncio.Task[PinnedClient]) -> None:
        del self._openings[origin]
        if not opening.cancelled():
            opening.exception()  # is seen here in case that nobody waits any more

    async def _open(
        self, destination: ParsedUri, current: PinnedClient | None, failed: PinnedClient | None
    ) -> PinnedClient:
        addresses = await self._find_addresses(destination)
        if current is not None and current is not failed and current.address in addresses:
            current.addresses = addresses
            current.valid_until = monotonic() + self._fresh_seconds
            return current
        address = _choose(addresses, failed)
        # The roots of trust are read anew for each client, which takes milliseconds.
        client = await asyncio.to_thread(self._build_client, destination, address, len(addresses) > 1)
        route = PinnedClient(client, address, addresses, monotonic() + self._fresh_seconds)
        self._routes[destination.origin] = route
        self._routes.move_to_end(destination.origin)
        while len(self._routes) > self._max_clients:
            self._routes.popitem(last=False)
        return route

    async def _find_addresses(self, destination: ParsedUri) -> tuple[str, ...]:
        if destination.is_ip_literal:
            if not self._guard.is_allowed(destination.host):
                raise AddressRefused(destination.host)
            return (destination.host,)
        addresses = await self._guard.resolve(destination.host, destination.port, self._resolver)
        # A proxy is given the name, so there is one way only.
        return addresses if self._proxy is None else (destination.host,)

    def _build_client(self, destination: ParsedUri, address: str, has_alternatives: bool) -> Client:
        builder = (
            ClientBuilder()
            .http1_only()
            .follow_redirects(False)
            .referer(False)
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .pool_idle_timeout(_IDLE)
        )
        if self._proxy is not None:
            builder.proxy(ProxyBuilder.all(self._proxy))
        else:
            builder.no_proxy()  # nor one of the environment
            if not destination.is_ip_literal:
                builder.resolve(destination.host, address, destination.port)
        if has_alternatives:
            builder.connect_timeout(self._connect_timeout)
        if self._certificates is not None:
            builder.add_root_certificate_pem(self._certificates)
        if not self._uses_tls(destination):
            # There is no certificate to check. It spares reading the roots of trust, and the need to have some.
            builder.danger_accept_invalid_certs(True)
        try:
            return builder.build()
        except BuilderError as error:
            raise TrustStoreMissing from error

    def _uses_tls(self, destination: ParsedUri) -> bool:
        return destination.scheme == "https" or (self._proxy is not None and self._proxy.scheme == "https")


def _choose(addresses: tuple[str, ...], failed: PinnedClient | None) -> str:
    """The first address, or the one after that which failed."""
    if failed is None or failed.address not in addresses:
        return addresses[0]
    return addresses[(addresses.index(failed.address) + 1) % len(addresses)]


def _read_certificates(path: str) -> bytes:
    try:
        certificates = Path(path).read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates.decode("ascii"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it holds none in PEM"
        raise OperatorError(
            f"HOURHOOK_CA_FILE={path!r} cannot be used: {reason}; name a file of certificates in PEM"
        ) from None
    return certificates


def _read_proxy(address: str) -> Url:
    # What it is set to is not repeated: it may hold a password.
    refusal = OperatorError("HOURHOOK_EGRESS_PROXY cannot be used: write it as http://proxy.example.com:3128")
    try:
        proxy = Url(address)
    except ValueError:
        raise refusal from None
    if proxy.scheme not in _PROXY_SCHEMES or not proxy.host_str:
        raise refusal
    return proxy
