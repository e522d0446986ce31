"""A connection pool: one client per destination, pinned to an address that the guard has checked.

The address that was checked is the address connected to: a client never resolves a name itself, so DNS rebinding has no
effect. Names are resolved again every few seconds; a client is kept while its address is still among the results, with
its open connections. The number of clients is bounded.

With an egress proxy the guard still checks what a name resolves to, but the proxy resolves it again.
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
from pyreqwest.proxy import ProxyBuilder

from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused
from hourhook.delivery.transports.http.proxy import parse_proxy
from hourhook.delivery.transports.http.resolvers import Resolver, SystemResolver
from hourhook.delivery.transports.http.uris import ParsedUri
from hourhook.errors import OperatorError

# Common servers close idle connections after 5 s or more: close them earlier, because a request sent while the server
# closes fails.
_IDLE = timedelta(seconds=4)

_Origin = tuple[str, str, int]


class TrustStoreMissing(Exception):
    """This machine has no root certificates, so no certificate can be verified."""


@dataclass(slots=True, eq=False)
class PinnedClient:
    """A client for a destination, the address it is pinned to, and all addresses of the host."""

    client: Client
    address: str
    addresses: tuple[str, ...]
    valid_until: float


class ConnectionPool:
    """Open clients for destinations, and keep the most recently used ones."""

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
        """Raise ``OperatorError`` if the CA file or the egress proxy is unusable."""
        self._guard = guard
        self._resolver = resolver or SystemResolver()
        self._connect_timeout = timedelta(seconds=timeout_seconds / 2)
        self._certificates = _read_certificates(ca_file) if ca_file else None
        self._proxy = parse_proxy(egress_proxy) if egress_proxy else None
        self._max_clients = max_clients
        self._dns_ttl_seconds = dns_ttl_seconds
        self._clients: OrderedDict[_Origin, PinnedClient] = OrderedDict()
        self._opening_tasks: dict[_Origin, asyncio.Task[PinnedClient]] = {}

    def find(self, destination: ParsedUri) -> PinnedClient | None:
        """Return the client of a destination, or None if there is none or its addresses have expired."""
        pinned = self._clients.get(destination.origin)
        if pinned is None or pinned.valid_until < monotonic():
            return None
        self._clients.move_to_end(destination.origin)
        return pinned

    async def open(self, destination: ParsedUri, failed: PinnedClient | None = None) -> PinnedClient:
        """Open a client, or resolve the name of an expired one; concurrent calls share one attempt.

        ``failed`` is a client that could not connect: the next address replaces it. Raises what
        ``AddressGuard.resolve`` raises, and ``TrustStoreMissing``.
        """
        current = self._clients.get(destination.origin)
        if failed is not None and current is not None and current is not failed:
            return current  # another send has replaced it
        opening = self._opening_tasks.get(destination.origin)
        if opening is None:
            opening = asyncio.create_task(self._open(destination, current, failed))
            self._opening_tasks[destination.origin] = opening
            opening.add_done_callback(lambda task: self._end_opening(destination.origin, task))
        # Shielded: one caller's timeout must not cancel the attempt for the others.
        return await asyncio.shield(opening)

    async def close(self) -> None:
        """Drop all clients and idle connections; call it when no send is in progress."""
        for opening in list(self._opening_tasks.values()):
            opening.cancel()
        self._clients.clear()

    def _end_opening(self, origin: _Origin, opening: asyncio.Task[PinnedClient]) -> None:
        del self._opening_tasks[origin]
        if not opening.cancelled():
            opening.exception()  # retrieved here in case no caller waits any more

    async def _open(
        self, destination: ParsedUri, current: PinnedClient | None, failed: PinnedClient | None
    ) -> PinnedClient:
        addresses = await self._find_addresses(destination)
        if current is not None and current is not failed and current.address in addresses:
            current.addresses = addresses
            current.valid_until = monotonic() + self._dns_ttl_seconds
            return current
        address = _choose(addresses, failed)
        # Building a client reads the root certificates, which takes milliseconds.
        client = await asyncio.to_thread(self._build_client, destination, address, len(addresses) > 1)
        pinned = PinnedClient(client, address, addresses, monotonic() + self._dns_ttl_seconds)
        self._clients[destination.origin] = pinned
        self._clients.move_to_end(destination.origin)
        while len(self._clients) > self._max_clients:
            self._clients.popitem(last=False)
        return pinned

    async def _find_addresses(self, destination: ParsedUri) -> tuple[str, ...]:
        if destination.is_ip_literal:
            if not self._guard.is_allowed(destination.host):
                raise AddressRefused(destination.host)
            return (destination.host,)
        addresses = await self._guard.resolve(destination.host, destination.port, self._resolver)
        # A proxy receives the name, so there is only one address.
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
            builder.no_proxy()  # ignore proxy settings of the environment
            if not destination.is_ip_literal:
                builder.resolve(destination.host, address, destination.port)
        if has_alternatives:
            builder.connect_timeout(self._connect_timeout)
        if self._certificates is not None:
            builder.add_root_certificate_pem(self._certificates)
        if not self._uses_tls(destination):
            # There is no certificate to verify. This avoids reading the root certificates, which may not exist.
            builder.danger_accept_invalid_certs(True)
        try:
            return builder.build()
        except BuilderError as error:
            raise TrustStoreMissing from error

    def _uses_tls(self, destination: ParsedUri) -> bool:
        return destination.scheme == "https" or (self._proxy is not None and self._proxy.scheme == "https")


def _choose(addresses: tuple[str, ...], failed: PinnedClient | None) -> str:
    """Return the first address, or the one after the failed one."""
    if failed is None or failed.address not in addresses:
        return addresses[0]
    return addresses[(addresses.index(failed.address) + 1) % len(addresses)]


def _read_certificates(path: str) -> bytes:
    try:
        certificates = Path(path).read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates.decode("ascii"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it contains no PEM certificates"
        raise OperatorError(
            f"HOURHOOK_CA_FILE={path!r} cannot be used: {reason}; specify a file with PEM certificates"
        ) from None
    return certificates
