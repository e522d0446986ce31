"""What stands before every route: the first checks, the headers of every answer, the log line, and the last resort.

The order of checks is that of the contract (00-conventions §8): User-Agent, rate, credential; the rest is behind the
doors. Verbs that nobody knows and paths that lead nowhere are answered here too, but only to somebody who may enter.
"""

import re
import secrets
import time
from http import HTTPStatus

import structlog
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from hourhook.api.credentials import extract_token
from hourhook.api.dispatcher import METHODS, Dispatcher
from hourhook.api.pagination import parse_query_string
from hourhook.http.asgi import Application, Message, Receive, Scope, Send
from hourhook.http.client_addresses import client_address
from hourhook.http.context import RequestContext, set_context
from hourhook.http.cors import CorsPolicy
from hourhook.http.metrics import Metrics
from hourhook.http.responses import (
    MISSING_USER_AGENT,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    Response,
    message_response,
    method_not_allowed,
    server_error,
)
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import Network

# The pages of invoices, open to whoever knows their paths.
_SHARED = "/i/"
# Of the API in all but their credentials, which are passwords and secrets of applications.
_PREVIEWS = re.compile(r"/subdomains|/authorizations/.+|/applications/.+")
_SLASHES = re.compile(r"/{2,}")
_API_HEADERS = ((b"cache-control", b"private, max-age=0, must-revalidate"), (b"vary", b"Origin"))
# Below these a path holds what opens something, so that the log has the beginning only.
_SECRET_BELOW = ("/invitations/", _SHARED, "/applications/")
_log = structlog.get_logger()


class RequestMiddleware:
    """An ASGI application around the one that routes."""

    def __init__(
        self,
        app: Application,
        dispatcher: Dispatcher,
        *,
        rate_limits: TokenBuckets | None,
        trusted_proxies: tuple[Network, ...],
        origins: CorsPolicy,
        metrics: Metrics,
        not_found: Application | None = None,
    ) -> None:
        self._app = app
        self._dispatcher = dispatcher
        self._buckets = rate_limits
        self._trusted = trusted_proxies
        self._origins = origins
        self._metrics = metrics
        self._elsewhere = not_found or NOT_FOUND

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        path = _SLASHES.sub("/", scope["path"]).rstrip("/") or "/"
        is_api = path == "/v2" or path.startswith("/v2/")
        is_preview = _PREVIEWS.fullmatch(path) is not None
        context = RequestContext(
            request_id=secrets.token_hex(8),
            client_address=client_address(scope, self._trusted),
            method=method,
            path=path,
            started_at=time.perf_counter(),
        )
        # A copy, since the server goes by its own.
        inner: Scope = {**scope, "path": path, "method": _routed(method)}
        set_context(context, inner)
        headers = self._headers(scope, context, is_api=is_api, is_preview=is_preview)
        response_sender = ResponseSender(send, context, headers, tells_status=is_api or is_preview)
        try:
            refusal = self._origins.preflight(scope) if is_api else None
            if is_api and refusal is None:
                refusal = self._first_checks(inner, context)
            if (is_preview or path.startswith(_SHARED)) and not self._may_ask(context):
                refusal = TOO_MANY_REQUESTS
            if refusal is not None:
                await refusal(inner, receive, response_sender)
            else:
                await self._route(inner, receive, response_sender, is_api)
        except Exception as error:
            _log.error("request failed", request_id=context.request_id, path=_shown(context.path), exc_info=error)
            if response_sender.status:
                raise
            await server_error()(inner, receive, response_sender)
        finally:
            self._note(context, response_sender, inner)

    def _first_checks(self, scope: Scope, context: RequestContext) -> Response | None:
        if not any(name == b"user-agent" and value.strip() for name, value in scope["headers"]):
            return MISSING_USER_AGENT
        if not self._may_ask(context):
            return TOO_MANY_REQUESTS
        context.pairs = parse_query_string(scope["query_string"])
        context.token = extract_token(scope, context.pairs) or ""
        return None if context.token else UNAUTHORIZED

    def _may_ask(self, context: RequestContext) -> bool:
        return self._buckets is None or self._buckets.try_acquire(context.client_address)

    async def _route(self, scope: Scope, receive: Receive, send: "ResponseSender", is_api: bool) -> None:
        try:
            await self._app(scope, receive, send)
        except NotFoundException as error:
            _let_go(error)
            if is_api:
                await self._dispatcher.refuse(NOT_FOUND, scope, receive, send)
            else:
                await self._elsewhere(scope, receive, send)
        except MethodNotAllowedException as error:
            allowed = (error.headers or {}).get("allow", "").split(", ")
            _let_go(error)
            await method_not_allowed(allowed)(scope, receive, send)
        except HTTPException as error:
            if send.status:
                raise
            await message_response(error.status_code, error.detail)(scope, receive, send)

    def _headers(
        self, scope: Scope, context: RequestContext, *, is_api: bool, is_preview: bool
    ) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-request-id", context.request_id.encode()), (b"x-content-type-options", b"nosniff")]
        if is_api or is_preview:
            headers += _API_HEADERS
        if is_api:
            # No page of another site is to handle passwords.
            headers += self._origins.headers(scope)
        return headers

    def _note(self, context: RequestContext, response_sender: "ResponseSender", scope: Scope) -> None:
        seconds = time.perf_counter() - context.started_at
        route = scope.get("path_template") or "none"
        self._metrics.request_finished(context.method, route, response_sender.status, seconds)
        caller = context.caller
        _log.info(
            "request",
            method=context.method[:16],
            route=route,
            path=_shown(context.path)[:512],
            status=response_sender.status,
            duration_ms=round(seconds * 1000, 2),
            bytes=response_sender.size,
            user=caller.user_id if caller else None,
            account=caller.account_id if caller else None,
            client=context.client_address,
            request_id=context.request_id,
        )


class ResponseSender:
    """The way out: adds the headers that every answer has, leaves the body of HEAD out, and counts."""

    def __init__(
        self, send: Send, context: RequestContext, headers: list[tuple[bytes, bytes]], *, tells_status: bool
    ) -> None:
        self._send = send
        self._headers = headers
        self._tells_status = tells_status
        self._has_body = context.method != "HEAD"
        self.status = 0
        self.size = 0

    async def __call__(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._tells_status:
                phrase = HTTPStatus(self.status).phrase
                self._headers.append((b"status", f"{self.status} {phrase}".encode()))
            message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
        elif message["type"] == "http.response.body":
            if not self._has_body:
                message = {**message, "body": b""}
            self.size += len(message.get("body", b""))
        await self._send(message)


def _shown(path: str) -> str:
    """What the log may know of a path."""
    for beginning in _SECRET_BELOW:
        if path.startswith(beginning):
            return f"{beginning}…"
    return path


def _routed(method: str) -> str:
    """The verb by which a request finds its way.

    HEAD is GET whose body is left out at the very end. A verb that nobody knows is refused as PATCH is.
    """
    if method == "HEAD":
        return "GET"
    return method if method in METHODS else "PATCH"


def _let_go(error: BaseException | None) -> None:
    """Cut an exception off the frames it came through: they refer to it in turn, and hold what was read of the body."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
