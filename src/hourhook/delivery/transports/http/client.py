"""The HTTP client: posts one message to a receiver and returns the outcome.

``send`` raises for nothing that the network or a receiver can do. One deadline covers all steps, from resolving the
name to the last byte read. The status line decides the outcome; the body is read up to the log's limit, and what is
missing of it at the deadline changes nothing. The client follows no redirects, decompresses nothing, keeps no cookies
and ignores proxy settings of the environment.
"""

import asyncio
from datetime import timedelta
from time import monotonic

from pyreqwest.exceptions import DetailedPyreqwestError, NetworkError, RequestError, RequestTimeoutError
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from hourhook.clock import Clock
from hourhook.delivery.transports.http.address_guard import AddressGuard, AddressRefused, NameNotFound
from hourhook.delivery.transports.http.connections import ConnectionPool, PinnedClient, TrustStoreMissing
from hourhook.delivery.transports.http.resolvers import Resolver
from hourhook.delivery.transports.http.uris import InvalidUri, ParsedUri, parse_uri
from hourhook.delivery.transports.outcomes import (
    BODY_LIMIT_BYTES,
    ErrorKind,
    Outcome,
    parse_retry_after,
    truncate_headers,
)

Headers = tuple[tuple[str, str], ...]

# Failures of the network or the receiver. The client's errors list their causes as texts, outermost first.
_FAILURES = (InvalidUri, NameNotFound, AddressRefused, TrustStoreMissing, TimeoutError, DetailedPyreqwestError)
_CONNECTING = "client error (Connect)"
_BEFORE_TLS = ("tcp connect error", "dns error", "tunnel error")


class HttpTransport:
    """Post messages, each with its own deadline."""

    def __init__(
        self,
        clock: Clock,
        guard: AddressGuard,
        timeout_seconds: float,
        ca_file: str | None = None,
        egress_proxy: str | None = None,
        max_clients: int = 256,
        resolver: Resolver | None = None,
        dns_ttl_seconds: float = 5,
    ) -> None:
        """Trust the system's certificate authorities and those in ``ca_file``; keep up to ``max_clients`` clients.

        Names are resolved again after ``dns_ttl_seconds``, by the system's resolver unless another is given. Raises
        ``OperatorError`` if ``ca_file`` or ``egress_proxy`` is unusable.
        """
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._pool = ConnectionPool(
            guard, timeout_seconds, ca_file, egress_proxy, max_clients, resolver, dns_ttl_seconds
        )

    async def send(self, uri: str, headers: list[tuple[str, str]], body: bytes) -> Outcome:
        """Post a body to a URI and return the outcome."""
        started_at = self._clock.now()
        start = monotonic()
        try:
            destination = parse_uri(uri)
            request, response = await self._post(destination, headers, body, start + self._timeout_seconds)
        except _FAILURES as error:
            return Outcome(None, _kind_of(error), started_at, _milliseconds_since(start))
        status = response.status
        response_headers = _read_headers(response)
        response_body = await _read_body(request, response, _value_of("content-length", response_headers))
        return Outcome(
            status,
            None if 200 <= status < 300 else "status",
            started_at,
            _milliseconds_since(start),
            response_headers,
            response_body,
            self._retry_after_seconds(response_headers) if status in (429, 503) else None,
        )

    async def close(self) -> None:
        """Close all connections; call it when no send is in progress."""
        await self._pool.close()

    async def _post(
        self, destination: ParsedUri, headers: list[tuple[str, str]], body: bytes, deadline: float
    ) -> tuple[StreamRequest, Response]:
        """Send the request and wait for the response headers, trying the host's other addresses if needed."""
        pinned = self._pool.find(destination) or await self._open(destination, deadline)
        attempts_count = 1
        while True:
            request = (
                pinned.client.post(destination.url)
                .headers(headers)
                .body_bytes(body)
                .timeout(timedelta(seconds=max(0.0, deadline - monotonic())))
                # With a buffer the client would wait for the body, and lose the status if reading it fails.
                .streamed_read_buffer_limit(0)
                .build_streamed()
            )
            try:
                return request, await request.__aenter__()
            except (NetworkError, RequestTimeoutError) as error:
                if attempts_count >= len(pinned.addresses) or not _is_unreachable(error):
                    raise
            attempts_count += 1
            pinned = await self._open(destination, deadline, failed=pinned)

    async def _open(self, destination: ParsedUri, deadline: float, failed: PinnedClient | None = None) -> PinnedClient:
        async with asyncio.timeout(max(0.0, deadline - monotonic())):
            return await self._pool.open(destination, failed)

    def _retry_after_seconds(self, headers: Headers) -> float | None:
        value = _value_of("retry-after", headers)
        return None if value is None else parse_retry_after(value, self._clock.now())


async def _read_body(request: StreamRequest, response: Response, declared_length: str | None) -> bytes:
    """Read the body up to the log's limit, and close the connection if there is more."""
    body = b""
    try:
        # Compared as text: with chunked encoding, or a status without a body, the header may contain anything.
        while str(len(body)) != declared_length:
            if len(body) >= BODY_LIMIT_BYTES:
                await request.__aexit__(None, None, None)
                break
            chunk = await response.body_reader.read_chunk()
            if chunk is None:
                break
            body += bytes(chunk)
    except RequestError:
        pass  # it broke off or timed out; the status has already decided
    return body[:BODY_LIMIT_BYTES]


def _read_headers(response: Response) -> Headers:
    headers = response.headers
    try:
        return truncate_headers(headers.items())
    except ValueError:  # a value is not ASCII, which the client only reports this way
        return truncate_headers((name, _read_value(response, name)) for name in dict.fromkeys(headers))


def _read_value(response: Response, name: str) -> str:
    try:
        return ", ".join(response.get_header_all(name))
    except ValueError:
        return "\N{REPLACEMENT CHARACTER}"


def _value_of(name: str, headers: Headers) -> str | None:
    return next((value for found, value in headers if found == name), None)


def _kind_of(error: Exception) -> ErrorKind:
    match error:
        case TimeoutError():
            return "timeout"
        case NameNotFound():
            return "dns"
        case InvalidUri() | AddressRefused():
            return "refused_address"
        case TrustStoreMissing():
            return "tls"
        case NetworkError():
            return "tls" if _is_tls_failure(error) else "connect"
        case _:
            return "protocol"


def _is_unreachable(error: NetworkError | RequestTimeoutError) -> bool:
    """Return whether nothing was sent, so that another address may be tried."""
    if isinstance(error, NetworkError) and _is_tls_failure(error):
        return False
    return _CONNECTING in _causes(error)


def _is_tls_failure(error: DetailedPyreqwestError) -> bool:
    """Return whether the connection was established but TLS failed, such as by an untrusted certificate."""
    causes = _causes(error)
    return _CONNECTING in causes and not any(cause.startswith(_BEFORE_TLS) or "(os error" in cause for cause in causes)


def _causes(error: DetailedPyreqwestError) -> list[str]:
    return [cause["message"] for cause in error.details["causes"] or ()]


def _milliseconds_since(start: float) -> int:
    return round((monotonic() - start) * 1000)
