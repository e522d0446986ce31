"""The HTTP client: posts one message to a receiver and returns the outcome.

``send`` raises for nothing that the network or a receiver can do. One deadline covers all steps, from resolving the
name to the last byte read. The status line decides the outcome; the body is read up to the log's limit, and what is
missing of it at the deadline changes nothing. The client follows no redirects, decompresses nothing, keeps no cookies
and ignores proxy settings of the environment.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection, Coroutine
from functools import cache, partial
from time import monotonic
from typing import Any

from hourhook.clock import Clock
from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused, NameNotFound
from hourhook.delivery.transports.http.connecting import ConnectFailed, Connector, TlsFailed
from hourhook.delivery.transports.http.connection import HttpConnection
from hourhook.delivery.transports.http.connections import ConnectionPool
from hourhook.delivery.transports.http.deadlines import Deadlines
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
        self._deadlines = Deadlines()

    def send(
        self, uri: str, headers: list[tuple[str, str]], body: bytes, /, *, timeout_seconds: float | None = None
    ) -> asyncio.Future[Outcome]:
        """Post a body to a URI and return the outcome; ``timeout_seconds`` counts if it is a shorter deadline.

        It is sent at once, without a task, if an idle connection to its destination can be used.
        """
        sending = _Sending(self._clock.now(), min(self._timeout_seconds, timeout_seconds or self._timeout_seconds))
        try:
            destination = parse_uri(uri)
        except InvalidUri as error:
            sending.end(self._outcome(sending, error))
            return sending
        request = _encode(destination, headers, body)
        resolution = self._names.find(destination.origin)
        connection = None if resolution is None else self._pool.acquire(destination.origin, resolution.addresses)
        if resolution is None or connection is None:
            self._start(sending, self._post(destination.origin, request, sending.deadline))
        else:
            sending.work = connection
            on_end = partial(self._end_on_idle, sending, destination.origin, resolution, connection, request)
            connection.post(request, sending.deadline, self._deadlines, on_end)
        return sending

    async def close(self) -> None:
        """Close all connections; call it when no send is in progress."""
        self._names.close()
        self._connector.close()
        self._pool.close()
        self._deadlines.close()

    def _end_on_idle(
        self,
        sending: "_Sending",
        origin: Origin,
        resolution: Resolution,
        connection: HttpConnection,
        request: bytes,
        response: Response | None,
        error: Exception | None,
    ) -> None:
        if _is_repeatable(error):
            self._start(sending, self._post_on_new(origin, resolution, request, sending.deadline))
            return
        self._pool.release(origin, connection)
        sending.end(self._outcome(sending, response or error))

    def _start(self, sending: "_Sending", posting: Coroutine[Any, Any, Response]) -> None:
        sending.work = asyncio.get_running_loop().create_task(self._finish(sending, posting))

    async def _finish(self, sending: "_Sending", posting: Coroutine[Any, Any, Response]) -> None:
        try:
            sending.end(self._outcome(sending, await posting))
        except tuple(_ERROR_KINDS) as error:
            sending.end(self._outcome(sending, error))
        except Exception as error:  # noqa: BLE001 - a defect, raised in the caller
            sending.set_exception(error)

    def _outcome(self, sending: "_Sending", result: Response | Exception | None) -> Outcome:
        duration_ms = round((monotonic() - sending.start) * 1000)
        if not isinstance(result, Response):
            assert result is not None
            return Outcome(None, _kind_of(result), sending.started_at, duration_ms)
        status = result.status
        return Outcome(
            status,
            None if 200 <= status < 300 else "status",
            sending.started_at,
            duration_ms,
            truncate_headers(result.headers),
            bytes(result.body),
            self._retry_after_seconds(result) if status in (429, 503) else None,
        )

    async def _post(self, origin: Origin, request: bytes, deadline: float) -> Response:
        resolution = self._names.find(origin) or await self._resolve(origin, deadline)
        connection = self._pool.acquire(origin, resolution.addresses)
        if connection is not None:
            try:
                return await self._exchange(origin, connection, request, deadline)
            except ConnectionBroken as error:
                if not _is_repeatable(error):
                    raise
        return await self._post_on_new(origin, resolution, request, deadline)

    async def _post_on_new(self, origin: Origin, resolution: Resolution, request: bytes, deadline: float) -> Response:
        connection = await self._connect(origin, resolution, deadline)
        return await self._exchange(origin, connection, request, deadline)

    async def _exchange(self, origin: Origin, connection: HttpConnection, request: bytes, deadline: float) -> Response:
        ended: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def end(response: Response | None, error: Exception | None) -> None:
            if response is not None:
                ended.set_result(response)
            elif error is not None:
                ended.set_exception(error)

        connection.post(request, deadline, self._deadlines, end)
        try:
            response = await ended
        except asyncio.CancelledError:
            connection.cancel()
            raise
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


class _Sending(asyncio.Future[Outcome]):
    """The future outcome of a message. To cancel it gives the message up."""

    def __init__(self, started_at: int, timeout_seconds: float) -> None:
        super().__init__()
        self.started_at = started_at
        self.start = monotonic()
        self.deadline = self.start + timeout_seconds
        # What sends it.
        self.work: HttpConnection | asyncio.Task[None] | None = None

    def end(self, outcome: Outcome) -> None:
        self.work = None
        if not self.done():
            self.set_result(outcome)

    def cancel(self, msg: Any | None = None) -> bool:
        if self.work is not None:
            self.work.cancel()
        return super().cancel(msg)


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


def _is_repeatable(error: Exception | None) -> bool:
    """Return whether the receiver closed an idle connection while the request was on its way.

    The payload id makes a repetition harmless (RFC 9110 section 9.2.2).
    """
    return isinstance(error, ConnectionBroken) and not error.has_received
