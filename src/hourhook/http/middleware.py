"""The middleware around every route: request checks, response headers, access log, metrics, and the catch-all 500.

The front ends divide their URL space into route groups, each with its own checks and headers.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import structlog

from hourhook.http.asgi import Application, Message, Receive, Scope, Send
from hourhook.http.bodies import ClientDisconnected
from hourhook.http.client_addresses import client_address
from hourhook.http.compression import accepts_gzip, compress, encoded_headers, is_compressible, with_vary
from hourhook.http.context import RequestContext, get_context, set_context
from hourhook.http.cors import CorsPolicy
from hourhook.http.metrics import Metrics
from hourhook.http.responses import TOO_MANY_REQUESTS, Headers, Response, server_error, shutting_down
from hourhook.http.router import METHODS
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import Network
from hourhook.store.executions import RequestWork, request_work

# Returns the response that refuses a request before it is routed, or None.
Check = Callable[[Scope], Response | None]

# The shutdown can be watched.
_SERVED_WHILE_STOPPING = ("/health", "/metrics")
_SLASHES = re.compile(r"/{2,}")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """A part of the URL space: its paths, the checks before its routes, in order, and the headers of its responses."""

    includes: Callable[[str], bool]
    checks: Sequence[Check] = ()
    headers: Headers = ()
    cors: CorsPolicy | None = None
    # Whether responses repeat their status in a ``Status`` header.
    has_status_header: bool = False


_OTHER = RouteGroup(lambda path: True)


class RequestMiddleware:
    """An ASGI application around the one that routes."""

    def __init__(
        self,
        app: Application,
        groups: Sequence[RouteGroup],
        *,
        trusted_proxies: tuple[Network, ...],
        metrics: Metrics,
        is_stopping: Callable[[], bool] = lambda: False,
        secret_prefixes: tuple[str, ...] = (),
    ) -> None:
        """Wrap the application.

        Once ``is_stopping``, requests are refused. ``secret_prefixes`` start the paths that continue with a secret,
        which the log omits.
        """
        self._app = app
        self._groups = (*groups, _OTHER)
        self._trusted_proxies = trusted_proxies
        self._metrics = metrics
        self._is_stopping = is_stopping
        self._secret_prefixes = secret_prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        path = _SLASHES.sub("/", scope["path"]).rstrip("/") or "/"
        group = next(group for group in self._groups if group.includes(path))
        context = RequestContext(
            request_id=secrets.token_hex(8),
            client_address=client_address(scope, self._trusted_proxies),
            method=method,
            path=path,
            started_at=time.perf_counter(),
        )
        # A copy, since the server reads its own.
        inner: Scope = {**scope, "path": path, "method": _routed_method(method)}
        set_context(context, inner)
        response_sender = ResponseSender(send, inner, _headers(group, scope, context), group.has_status_header)
        work = RequestWork()
        request_work.set(work)
        try:
            await (self._refusal(group, inner) or self._app)(inner, receive, response_sender)
        except ClientDisconnected:
            pass
        except asyncio.CancelledError:
            # The server is shutting down, and its patience with this request has ended.
            if not response_sender.status:
                await shutting_down(work.commits_count)(inner, receive, response_sender)
        except Exception as error:
            _log.error("request failed", request_id=context.request_id, path=self._log_path(path), exc_info=error)
            if response_sender.status:
                raise
            await server_error()(inner, receive, response_sender)
        finally:
            self._record(context, response_sender)

    def _refusal(self, group: RouteGroup, scope: Scope) -> Response | None:
        if self._is_stopping() and scope["path"] not in _SERVED_WHILE_STOPPING:
            return shutting_down(commits_count=0)
        refusals = (check(scope) for check in group.checks)
        return next((refusal for refusal in refusals if refusal is not None), None)

    def _record(self, context: RequestContext, response_sender: "ResponseSender") -> None:
        seconds = time.perf_counter() - context.started_at
        self._metrics.request_finished(context.method, context.route, response_sender.status, seconds)
        caller = context.caller
        cause = response_sender.cause
        log = _log.warning if cause else _log.info
        log(
            "request",
            method=context.method[:16],
            route=context.route,
            path=self._log_path(context.path)[:512],
            status=response_sender.status,
            duration_ms=round(seconds * 1000, 2),
            bytes=response_sender.size,
            user=caller.user_id if caller else None,
            account=caller.account_id if caller else None,
            client=context.client_address,
            request_id=context.request_id,
            **({"reason": cause} if cause else {}),
        )

    def _log_path(self, path: str) -> str:
        """Return a path without its secret."""
        for prefix in self._secret_prefixes:
            if path.startswith(prefix):
                return f"{prefix}…"
        return path


class ResponseSender:
    """An ASGI ``send`` that adds headers to the response, leaves the body of HEAD out, and counts bytes.

    It compresses large JSON for clients that accept it.
    """

    def __init__(self, send: Send, scope: Scope, headers: list[tuple[bytes, bytes]], has_status_header: bool) -> None:
        self._send = send
        self._scope = scope
        self._headers = headers
        self._has_status_header = has_status_header
        self._has_body = get_context(scope).method != "HEAD"
        # The beginning of a response to compress, which waits for its body.
        self._uncompressed_start: Message | None = None
        # 0 until the response has begun.
        self.status = 0
        self.size = 0
        # Why a request was answered with 503.
        self.cause: str | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.cause = message.get("cause")
            if self._has_status_header:
                phrase = HTTPStatus(self.status).phrase
                self._headers.append((b"status", f"{self.status} {phrase}".encode()))
            own = message.get("headers", ())
            if is_compressible(own):
                self._headers = with_vary(self._headers)
                if self._has_body and accepts_gzip(self._scope):
                    self._uncompressed_start = {**message, "headers": [*own, *self._headers]}
                    return
            message = {**message, "headers": [*own, *self._headers]}
        elif message["type"] == "http.response.body":
            if not self._has_body:
                message = {**message, "body": b""}
            if self._uncompressed_start is not None:
                message = await self._send_compressed_start(self._uncompressed_start, message)
            self.size += len(message.get("body", b""))
        await self._send(message)

    async def _send_compressed_start(self, start: Message, body: Message) -> Message:
        """Send the beginning of a response, compressed if its body is complete; return the body to send."""
        self._uncompressed_start = None
        if not body.get("more_body", False):
            # The request has been carried out: a shutdown that cancels it now must not hide that.
            compressing = asyncio.ensure_future(compress(body.get("body", b"")))
            try:
                compressed = await asyncio.shield(compressing)
            except asyncio.CancelledError:
                compressed = await compressing
            body = {**body, "body": compressed}
            start = {**start, "headers": encoded_headers(start["headers"], len(body["body"]))}
        await self._send(start)
        return body


def rate_limit_check(buckets: TokenBuckets | None) -> Check:
    """Return the check of the rate of requests from each client network."""

    def check(scope: Scope) -> Response | None:
        if buckets is None or buckets.try_acquire(get_context(scope).client_network):
            return None
        return TOO_MANY_REQUESTS

    return check


def _headers(group: RouteGroup, scope: Scope, context: RequestContext) -> list[tuple[bytes, bytes]]:
    headers = [(b"x-request-id", context.request_id.encode()), (b"x-content-type-options", b"nosniff")]
    headers += group.headers
    if group.cors is not None:
        headers += group.cors.headers(scope)
    return headers


def _routed_method(method: str) -> str:
    """Return the method by which a request is routed.

    HEAD is routed as GET, and its body dropped when sending. An unknown method is refused as PATCH is.
    """
    if method == "HEAD":
        return "GET"
    return method if method in METHODS else "PATCH"
