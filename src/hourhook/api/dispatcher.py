"""How a request gets in: its caller found, its account unlocked, its body read, its endpoint run in a transaction."""

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from hourhook.api.endpoints import Endpoint, Request, by_path
from hourhook.api.token_usage import TokenUses
from hourhook.domain.callers import Caller, authenticate
from hourhook.domain.dependencies import Outside
from hourhook.domain.inputs import Query
from hourhook.domain.links import Links
from hourhook.errors import DatabaseUnavailable, Refusal, Unauthenticated
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.bodies import Disconnected, TooLarge, parse_body, read_body
from hourhook.http.context import Visit, visit_of
from hourhook.http.responses import TOO_LARGE, Answer, method_not_allowed, refusal_answer, unavailable
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

# Those that find a way at all, to an endpoint or to a refusal.
VERBS: Final = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


class Doors:
    """Lets requests in to their endpoints."""

    def __init__(self, database: Database, links: Links, outside: Outside, max_body_bytes: int) -> None:
        self._database = database
        self._links = links
        self._outside = outside
        self._max_body_bytes = max_body_bytes
        self.uses = TokenUses(database)

    def route(self, endpoints: Sequence[Endpoint]) -> HTTPRouteHandler:
        """The route that leads to the endpoints.

        Litestar finds the path; behind it all endpoints are alike, and need nothing of its parsing. One route for all
        paths and verbs is made in a quarter of the time that one for each endpoint takes.
        """
        known = by_path(endpoints)

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            verbs = known[scope["path_template"]]
            endpoint = verbs.get(scope["method"])
            if endpoint is None:
                await self.turn_away(method_not_allowed(verbs), scope, receive, send)
                return
            work = self._read if endpoint.method == "GET" else self._write
            await deliver(work(endpoint, scope, receive), scope, receive, send)
            caller = visit_of(scope).caller
            if caller is not None:
                self.uses.note(caller)

        return route_to(application, known)

    async def turn_away(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        """Give an answer that needs no endpoint, but only to somebody who may enter."""

        async def admit_first() -> Answer:
            await self._database.read(self._admit, visit_of(scope))
            return answer

        await deliver(admit_first(), scope, receive, send)

    async def _read(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Answer:
        visit = visit_of(scope)
        return await self._database.read(self._run, endpoint, _request(visit, scope, {}), visit)

    async def _write(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Answer:
        visit = visit_of(scope)
        caller = await self._database.read(self._admit, visit)
        # Nobody who may not enter has a body read, and none is parsed while the account is locked.
        body: dict[str, Any] = {}
        if endpoint.method != "DELETE":
            body = parse_body(await read_body(scope, receive, self._max_body_bytes))
        # What was read before the account's lock is read again after it.
        return await self._database.write(caller.account_id, self._run, endpoint, _request(visit, scope, body), visit)

    def _run(self, tx: Transaction, endpoint: Endpoint, request: Request, visit: Visit) -> Answer:
        return endpoint.answer(tx, self._admit(tx, visit), self._outside, request)

    def _admit(self, tx: Transaction, visit: Visit) -> Caller:
        caller = authenticate(tx, visit.token, self._links)
        if caller is None:
            raise Unauthenticated
        visit.caller = caller
        caller.require_unlocked()
        return caller


def route_to(application: Application, paths: Iterable[str]) -> HTTPRouteHandler:
    """The route by which all requests for these paths come to an application, whatever their verbs."""

    async def handle() -> ASGIApp:
        return application

    return HTTPRouteHandler([path.replace("}", ":str}") for path in paths], http_method=VERBS, status_code=200)(handle)


async def deliver(work: Awaitable[Answer], scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer that some work comes to, or how it was refused."""
    try:
        answer = await work
    except TooLarge:
        answer = TOO_LARGE
    except Refusal as refusal:
        answer = refusal_answer(refusal)
    except DatabaseUnavailable:
        answer = unavailable()
    except Disconnected:
        return
    await answer(scope, receive, send)


def _request(visit: Visit, scope: Scope, body: dict[str, Any]) -> Request:
    return Request(scope["path"], scope["path_params"], visit.pairs, Query.of(visit.pairs), body)
