"""Sends one request to a receiver and tells what came of it.

A send is a value in the end: it raises for nothing that the network or a receiver can do. One deadline covers
it whole, from resolving the name to the last byte that is read. The status line decides; of the body as much is
read as the log keeps, and what is missing of it by the deadline changes nothing. Redirects are not followed,
nothing is decompressed, no cookie is kept, and nothing of the environment is used.
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

# What the world can do to a send. The client's own errors tell their causes, outermost first, as texts.
_FAILURES = (InvalidUri, NameNotFound, AddressRefused, TrustStoreMissing, TimeoutError, DetailedPyreqwestError)
_CONNECTING = "client error (Connect)"
_BEFORE_TLS = ("tcp connect error", "dns error", "tunnel error")


class HttpTransport:
    """Posts payloads, each within a deadline of its own."""

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
        """Trust the certificate authorities of the system and of ``ca_file``; keep ``max_clients`` clients.

        A name is resolved anew after ``dns_ttl_seconds``, by the machine's resolver unless another is given.
        Raises ``OperatorError`` where ``ca_file`` or ``egress_proxy`` cannot be used.
        """
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._pool = ConnectionPool(
            guard, timeout_seconds, ca_file, egress_proxy, max_clients, resolver, dns_ttl_seconds
        )

    async def send(self, uri: str, headers: list[tuple[str, str]], body: bytes) -> Outcome:
        """Post a body to a URI, and tell what came of it."""
        started_at = self._clock.now()
        began = monotonic()
        try:
            destination = parse_uri(uri)
            request, response = await self._post(destination, headers, body, began + self._timeout_seconds)
        except _FAILURES as error:
            return Outcome(None, _kind_of(error), started_at, _milliseconds_since(began))
        status = response.status
        answer_headers = _read_headers(response)
        answer = await _read_body(request, response, _value_of("content-length", answer_headers))
        return Outcome(
            status,
            None if 200 <= status < 300 else "status",
            started_at,
            _milliseconds_since(began),
            answer_headers,
            answer,
            self._retry_after_seconds(answer_headers) if status in (429, 503) else None,
        )

    async def close(self) -> None:
        """Let go of all connections; for when no send is under way."""
        await self._pool.close()

    async def _post(
        self, destination: ParsedUri, headers: list[tuple[str, str]], body: bytes, deadline: float
    ) -> tuple[StreamRequest, Response]:
        """Send the request and wait for the answer's headers, at each of the host's addresses if need be."""
        route = self._pool.find(destination) or await self._open(destination, deadline)
        tried_count = 1
        while True:
            request = (
                route.client.post(destination.url)
                .headers(headers)
                .body_bytes(body)
                .timeout(timedelta(seconds=max(0.0, deadline - monotonic())))
                # With a buffer the client would wait for the body, and lose the status where that fails.
                .streamed_read_buffer_limit(0)
                .build_streamed()
            )
            try:
                return request, await request.__aenter__()
            except (NetworkError, RequestTimeoutError) as error:
                if tried_count >= len(route.addresses) or not _was_unreachable(error):
                    raise
            tried_count += 1
            route = await self._open(destination, deadline, failed=route)

    async def _open(self, destination: ParsedUri, deadline: float, failed: PinnedClient | None = None) -> PinnedClient:
        async with asyncio.timeout(max(0.0, deadline - monotonic())):
            return await self._pool.open(destination, failed)

    def _retry_after_seconds(self, headers: Headers) -> float | None:
        value = _value_of("retry-after", headers)
        return None if value is None else parse_retry_after(value, self._clock.now())


async def _read_body(request: StreamRequest, response: Response, declared_length: str | None) -> bytes:
    """Read as much of the body as is kept, and drop the connection where more would come."""
    body = b""
    try:
        # Compared as text: beside another framing, or with a status that has no body, it may be anything.
        while str(len(body)) != declared_length:
            if len(body) >= BODY_LIMIT_BYTES:
                await request.__aexit__(None, None, None)
                break
            chunk = await response.body_reader.read_chunk()
            if chunk is None:
                break
            body += bytes(chunk)
    except RequestError:
        pass  # it broke off, or took too long: the status has decided
    return body[:BODY_LIMIT_BYTES]


def _read_headers(response: Response) -> Headers:
    headers = response.headers
    try:
        return truncate_headers(headers.items())
    except ValueError:  # a value is not ASCII, and the client gives it in no other form
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
            return "tls" if _was_securing(error) else "connect"
        case _:
            return "protocol"


def _was_unreachable(error: NetworkError | RequestTimeoutError) -> bool:
    """Was nothing sent yet, and may another address fare better?"""
    if isinstance(error, NetworkError) and _was_securing(error):
        return False
    return _CONNECTING in _causes(error)


def _was_securing(error: DetailedPyreqwestError) -> bool:
    """Was the address connected to, and the certificate or what else TLS needs at fault?"""
    causes = _causes(error)
    return _CONNECTING in causes and not any(cause.startswith(_BEFORE_TLS) or "(os error" in cause for cause in causes)


def _causes(error: DetailedPyreqwestError) -> list[str]:
    return [cause["message"] for cause in error.details["causes"] or ()]


def _milliseconds_since(began: float) -> int:
    return round((monotonic() - began) * 1000)
