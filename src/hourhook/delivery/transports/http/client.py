"""The HTTP client: posts one message to a receiver and returns the outcome.

``send`` raises for nothing that the network or a receiver can do. One deadline covers all steps, from resolving the
name to the last byte read. The status line decides the outcome; the body is read up to the log's limit, and what is
missing of it at the deadline changes nothing. The client follows no redirects, decompresses nothing, keeps no cookies
and ignores proxy settings of the environment.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection
from functools import cache
from time import monotonic

from hourhook.clock import Clock
from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused, NameNotFound
from hourhook.delivery.transports.http.connecting import ConnectFailed, Connector, TlsFailed
from hourhook.delivery.transports.http.connection import HttpConnection
from hourhook.delivery.transports.http.connections import ConnectionPool
from hourhook.delivery.transports.http.exchanges import ConnectionBroken, InvalidResponse, Response
from hourhook.delivery.transports.http.names import Names, Resolution
from hourhook.delivery.transports.http.proxy import ProxyRules, parse_proxy
from hourhook.delivery.transports.http.resolvers import Resolver, SystemResolver
from hourhook.delivery.transports.http.tls import ClientContext, make_context
from hourhook.delivery.transports.http.uris import InvalidUri, Origin, ParsedUri, parse_uri
from hourhook.delivery.transports.outcomes import ErrorKind, Outcome, parse_retry_after, truncate_headers

_ERROR_KINDS: dict[type[Exception], ErrorKind] = {
    TimeoutError: "timeout",
    NameNotFound: "dns",
    InvalidUri: "refused_address",
    AddressRefused: "refused_address",
    ConnectFailed: "connect",
    ConnectionBroken: "connect",
    TlsFailed: "tls",
    ssl.SSLError: "tls",
    InvalidResponse: "protocol",
}
"""Failures of the network or the receiver, by the step that failed."""


class HttpTransport:
    """Post messages, each with its own deadline."""

    def __init__(
        self,
        clock: Clock,
        guard: AddressGuard,
        timeout_seconds: float,
        ca_file: str | None = None,
        egress_proxy: str | None = None,
        *,
        proxy_resolves: bool = False,
        no_proxy: Collection[str] = (),
        max_idle_connections: int = 1024,
        idle_seconds: float = 50,
        resolver: Resolver | None = None,
        dns_ttl_seconds: float = 5,
    ) -> None:
        """Trust the system's certificate authorities and the certificates in ``ca_file``.

        Names are resolved again after ``dns_ttl_seconds``, by the system's resolver unless another is given. Raises
        ``OperatorError`` if ``ca_file`` or ``egress_proxy`` is unusable.
        """
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        resolver = resolver or SystemResolver()
        self._rules = ProxyRules(parse_proxy(egress_proxy, proxy_resolves) if egress_proxy else None, no_proxy)
        self._names = Names(guard, resolver, dns_ttl_seconds)
        self._connector = Connector(self._rules, _context_factory(ca_file), resolver)
        self._pool = ConnectionPool(max_idle_connections, idle_seconds)

    async def send(
        self, uri: str, headers: list[tuple[str, str]], body: bytes, /, *, timeout_seconds: float | None = None
    ) -> Outcome:
        """Post a body to a URI and return the outcome; ``timeout_seconds`` counts if it is a shorter deadline."""
        started_at = self._clock.now()
        start = monotonic()
        deadline = start + min(self._timeout_seconds, timeout_seconds or self._timeout_seconds)
        try:
            destination = parse_uri(uri)
            response = await self._post(destination, _encode(destination, headers, body), deadline)
        except tuple(_ERROR_KINDS) as error:
            return Outcome(None, _kind_of(error), started_at, _milliseconds_since(start))
        status = response.status
        return Outcome(
            status,
            None if 200 <= status < 300 else "status",
            started_at,
            _milliseconds_since(start),
            truncate_headers(response.headers),
            bytes(response.body),
            self._retry_after_seconds(response) if status in (429, 503) else None,
        )

    async def close(self) -> None:
        """Close all connections; call it when no send is in progress."""
        self._names.close()
        self._pool.close()

    async def _post(self, destination: ParsedUri, request: bytes, deadline: float) -> Response:
        origin = destination.origin
        resolution = self._names.find(origin) or await self._resolve(origin, deadline)
        connection = self._pool.acquire(origin, resolution.addresses)
        if connection is not None:
            try:
                return await self._exchange(origin, connection, request, deadline)
            except ConnectionBroken as error:
                # The receiver closed the idle connection while the request was on its way. The payload id makes a
                # repetition harmless (RFC 9110 section 9.2.2).
                if error.has_received:
                    raise
        connection = await self._connect(origin, resolution, deadline)
        return await self._exchange(origin, connection, request, deadline)

    async def _exchange(self, origin: Origin, connection: HttpConnection, request: bytes, deadline: float) -> Response:
        response = await connection.post(request, max(0.0, deadline - monotonic()))
        if connection.requests_count == 1:
            self._connector.keep_session(origin, connection)
        self._pool.release(origin, connection)
        return response

    async def _resolve(self, origin: Origin, deadline: float) -> Resolution:
        if self._rules.names_resolver(origin):
            return Resolution((origin.host,), deadline)
        async with asyncio.timeout(max(0.0, deadline - monotonic())):
            return await self._names.resolve(origin)

    async def _connect(self, origin: Origin, resolution: Resolution, deadline: float) -> HttpConnection:
        """Open a connection to the first address that can be reached.

        An address that neither accepts nor refuses the connection gets half of the remaining time, so that another can
        still be tried.
        """
        addresses = resolution.addresses
        for number, address in enumerate(addresses, 1):
            remaining_seconds = max(0.0, deadline - monotonic())
            is_last = number == len(addresses)
            try:
                async with asyncio.timeout(remaining_seconds if is_last else remaining_seconds / 2):
                    return await self._connector.connect(origin, address)
            except (ConnectFailed, TimeoutError):
                resolution.demote(address)
                if is_last:
                    raise
        raise ConnectFailed

    def _retry_after_seconds(self, response: Response) -> float | None:
        for name, value in response.headers:
            if name == "retry-after":
                return parse_retry_after(value, self._clock.now())
        return None


def _context_factory(ca_file: str | None) -> Callable[[], ClientContext]:
    """Return what makes the TLS context once, when first needed; a CA file is read at once, to refuse a bad one."""
    factory = cache(lambda: make_context(ca_file))
    if ca_file:
        factory()
    return factory


def _encode(destination: ParsedUri, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """Return the bytes of a request; header names are spelled as given."""
    if not any(name.lower() == "accept" for name, _ in headers):
        headers = [*headers, ("Accept", "*/*")]
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    head = (
        f"POST {destination.target} HTTP/1.1\r\nHost: {destination.host_header}\r\n{lines}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _kind_of(error: Exception) -> ErrorKind:
    return next(kind for failure, kind in _ERROR_KINDS.items() if isinstance(error, failure))


def _milliseconds_since(start: float) -> int:
    return round((monotonic() - start) * 1000)
