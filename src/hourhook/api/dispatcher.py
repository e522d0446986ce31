"""How a request gets in: its caller found, its account unlocked, its body read, its endpoint run in a transaction."""

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from hourhook.api.endpoints import Endpoint, Request, group_by_path
from hourhook.api.token_usage import LastUsedRecorder
from hourhook.domain.callers import Caller, authenticate
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Query
from hourhook.domain.links import Links
from hourhook.errors import DatabaseUnavailable, Refusal, Unauthenticated
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.bodies import BodyTooLarge, ClientDisconnected, parse_body, read_body
from hourhook.http.context import RequestContext, get_context
from hourhook.http.responses import CONTENT_TOO_LARGE, Response, error_response, method_not_allowed, service_unavailable
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

# Those that find a way at all, to an endpoint or to a refusal.
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


class Dispatcher:
    """Lets requests in to their endpoints."""

    def __init__(self, database: Database, links: Links, dependencies: Dependencies, max_body_bytes: int) -> None:
        self._database = database
        self._links = links
        self._outside = dependencies
        self._max_body_bytes = max_body_bytes
        self.last_used_recorder = LastUsedRecorder(database)

    def route(self, endpoints: Sequence[Endpoint]) -> HTTPRouteHandler:
        """The route that leads to the endpoints.

        Litestar finds the path; behind it all endpoints are alike, and need nothing of its parsing. One route for all
        paths and verbs is made in a quarter of the time that one for each endpoint takes.
        """
        known = group_by_path(endpoints)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            verbs = known[scope["path_template"]]
            endpoint = verbs.get(scope["method"])
            if endpoint is None:
                await self.refuse(method_not_allowed(verbs), scope, receive, send)
                return
            work = self._read if endpoint.method == "GET" else self._write
            await respond(work(endpoint, scope, receive), scope, receive, send)
            caller = get_context(scope).caller
            if caller is not None:
                self.last_used_recorder.record(caller)

        return route_to(application, known)

    async def refuse(self, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Give an answer that needs no endpoint, but only to somebody who may enter."""

        async def admit_first() -> Response:
            await self._database.read(self._admit, get_context(scope))
            return answer

        await respond(admit_first(), scope, receive, send)

    async def _read(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Response:
        context = get_context(scope)
        return await self._database.read(self._run, endpoint, _request(context, scope, {}), context)

    async def _write(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Response:
        context = get_context(scope)
        caller = await self._database.read(self._admit, context)
        # Nobody who may not enter has a body read, and none is parsed while the account is locked.
        body: dict[str, Any] = {}
        if endpoint.method != "DELETE":
            body = parse_body(await read_body(scope, receive, self._max_body_bytes))
        # What was read before the account's lock is read again after it.
        return await self._database.write(
            caller.account_id, self._run, endpoint, _request(context, scope, body), context
        )

    def _run(self, tx: Transaction, endpoint: Endpoint, request: Request, context: RequestContext) -> Response:
        return endpoint.run(tx, self._admit(tx, context), self._outside, request)

    def _admit(self, tx: Transaction, context: RequestContext) -> Caller:
        caller = authenticate(tx, context.token, self._links)
        if caller is None:
            raise Unauthenticated
        context.caller = caller
        caller.require_unlocked()
        return caller


def route_to(application: Application, paths: Iterable[str]) -> HTTPRouteHandler:
    """The route by which all requests for these paths come to an application, whatever their verbs."""

    async def handle() -> ASGIApp:
        return application

    return HTTPRouteHandler([path.replace("}", ":str}") for path in paths], http_method=METHODS, status_code=200)(
        handle
    )


async def respond(work: Awaitable[Response], scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer that some work comes to, or how it was refused."""
    try:
        answer = await work
    except BodyTooLarge:
        answer = CONTENT_TOO_LARGE
    except Refusal as refusal:
        answer = error_response(refusal)
    except DatabaseUnavailable:
        answer = service_unavailable()
    except ClientDisconnected:
        return
    await answer(scope, receive, send)


def _request(context: RequestContext, scope: Scope, body: dict[str, Any]) -> Request:
    return Request(scope["path"], scope["path_params"], context.pairs, Query.of(context.pairs), body)
