"""Dispatch API requests: authenticate, read the body, run the endpoint in a transaction, encode after the commit.

A request uses a database thread once, but the first write of a token twice, to find the account to lock. The body is
read only for a token that is valid or was so before, and parsed before the account is locked. The order of checks is
that of ``docs/api/conventions.md#order-of-checks``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from hourhook.api.endpoints import (
    Accepted,
    Call,
    Created,
    CreatedOrExisting,
    Endpoint,
    Feed,
    OkWithLocation,
    Stream,
    group_by_path,
)
from hourhook.api.errors import respond
from hourhook.api.following import open_stream, wait_for_events
from hourhook.api.idempotency import KeyedRequest, fingerprint, read_key
from hourhook.api.pagination import AFTER_ID_MESSAGE, is_after_id_valid, link_after_id, link_header, parse_paging
from hourhook.api.token_accounts import TokenAccounts
from hourhook.api.token_usage import LastUsedRecorder
from hourhook.delivery.tail import Tail
from hourhook.domain import inputs
from hourhook.domain.callers import Caller, authenticate
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Query, RawInputs
from hourhook.domain.inputs.numbers import MAX_ID
from hourhook.domain.links import Links
from hourhook.domain.pages import Page, Pagination
from hourhook.errors import NotFound, Refusal, Unauthenticated
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.bodies import parse_body, read_body
from hourhook.http.context import RequestContext, get_context
from hourhook.http.queries import Pairs
from hourhook.http.responses import Headers, Response, json_response, method_not_allowed
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

_NO_BODY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request that endpoints take inputs from."""

    path: str
    parameters: Mapping[str, str]
    pairs: Pairs
    query: Query
    body: Mapping[str, object]
    pagination: Pagination
    last_event_id: str = ""

    @property
    def raw(self) -> RawInputs:
        """The body, or the query where the body is empty."""
        return self.body or self.query


class Dispatcher:
    """Dispatches the requests that carry an API token."""

    def __init__(
        self, database: Database, links: Links, dependencies: Dependencies, max_body_bytes: int, tail: Tail
    ) -> None:
        self._database = database
        self._tail = tail
        self._links = links
        self._dependencies = dependencies
        self._max_body_bytes = max_body_bytes
        self._token_accounts = TokenAccounts()
        self.last_used_recorder = LastUsedRecorder(database)

    def routes(self, endpoints: Sequence[Endpoint]) -> Mapping[str, Application]:
        return {path: partial(self._dispatch, methods) for path, methods in group_by_path(endpoints).items()}

    async def refuse(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate the caller, and then send a response that needs no endpoint."""

        async def authenticate_first() -> Response:
            await self._database.read(self._authenticate, get_context(scope))
            return response

        await respond(authenticate_first(), scope, receive, send)

    async def _dispatch(self, methods: Mapping[str, Endpoint], scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = methods.get(scope["method"])
        if endpoint is None:
            await self.refuse(method_not_allowed(methods), scope, receive, send)
            return
        execute = self._read if endpoint.method == "GET" else self._write
        await respond(execute(endpoint, scope, receive), scope, receive, send)
        context = get_context(scope)
        if context.caller is not None:
            self._token_accounts.remember(context.token, context.caller)
            self.last_used_recorder.record(context.caller)

    async def _read(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Application:
        request = make_request(endpoint, scope, _NO_BODY)
        context = get_context(scope)
        result = await self._database.read(self._run, endpoint, request, context)
        match result:
            case Feed():
                return await self._read_feed(result, endpoint, request, context)
            case Stream():
                assert context.caller is not None
                return open_stream(self._tail, context.caller, result)
        return _with_position(encode_result(endpoint, result, request, self._links), context.position)

    async def _write(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Response:
        context = get_context(scope)
        account_id = self._token_accounts.find(context.token)
        if account_id is None:
            account_id = (await self._database.read(self._authenticate, context)).account_id
            return await self._write_to(account_id, endpoint, scope, receive)
        try:
            return await self._write_to(account_id, endpoint, scope, receive)
        except Refusal:
            if context.caller is None:
                # Refused before the transaction got to the credential, whose refusal comes first.
                self._token_accounts.forget(context.token)
                await self._database.read(self._authenticate, context)
            raise

    async def _write_to(self, account_id: int, endpoint: Endpoint, scope: Scope, receive: Receive) -> Response:
        context = get_context(scope)
        key = read_key(scope) if endpoint.method == "POST" else None
        body = b"" if endpoint.method == "DELETE" else await read_body(scope, receive, self._max_body_bytes)
        request = make_request(endpoint, scope, parse_body(body))
        # Both authenticate, since the caller may have changed before the account was locked.
        if key is not None:
            keyed = KeyedRequest(key, fingerprint(scope, body))
            await self._database.write(account_id, self._change_once, keyed, endpoint, request, context)
            assert keyed.response is not None
            return keyed.response
        result = await self._database.write(account_id, self._change, endpoint, request, context)
        return _with_position(encode_result(endpoint, result, request, self._links), context.position)

    async def _read_feed(
        self, feed: Feed[Any], endpoint: Endpoint, request: Request, context: RequestContext
    ) -> Response:
        if feed.wait_seconds:
            assert context.caller is not None
            await wait_for_events(self._tail, context.caller, feed)
            # Authenticates again, and reads on one snapshot what the feed then is.
            result = await self._database.read(self._run, endpoint, request, context)
            assert isinstance(result, Feed)
            feed = result
        return _with_position(json_response(200, feed.items), feed.position)

    def _change(self, tx: Transaction, endpoint: Endpoint, request: Request, context: RequestContext) -> object:
        def set_position() -> None:
            context.position = tx.last_position

        tx.after_commit(set_position)
        return self._run(tx, endpoint, request, context)

    def _change_once(
        self, tx: Transaction, keyed: KeyedRequest, endpoint: Endpoint, request: Request, context: RequestContext
    ) -> None:
        caller = self._authenticate(tx, context)
        keyed.run(
            tx,
            caller,
            self._dependencies.keyring,
            lambda: run_endpoint(tx, endpoint, caller, self._dependencies, request),
            lambda result: _with_position(encode_result(endpoint, result, request, self._links), tx.last_position),
        )

    def _run(self, tx: Transaction, endpoint: Endpoint, request: Request, context: RequestContext) -> object:
        return run_endpoint(tx, endpoint, self._authenticate(tx, context), self._dependencies, request)

    def _authenticate(self, tx: Transaction, context: RequestContext) -> Caller:
        caller = authenticate(tx, context.token, self._links)
        if caller is None:
            raise Unauthenticated
        context.caller = caller
        context.position = caller.log_position
        caller.require_unlocked()
        return caller


def make_request(endpoint: Endpoint, scope: Scope, body: Mapping[str, object]) -> Request:
    pairs = get_context(scope).pairs
    query = Query.of(pairs)
    pagination = parse_paging(query, by_id=endpoint.is_by_id) if endpoint.is_paged else Pagination()
    return Request(
        scope["path"], scope["path_params"], pairs, query, body, pagination, _last_event_id(scope["headers"])
    )


def run_endpoint(
    tx: Transaction, endpoint: Endpoint, caller: Caller, dependencies: Dependencies, request: Request
) -> object:
    """Run an endpoint in an open transaction and return what its function returns. Raises refusals."""
    if endpoint.feature is not None:
        caller.require_feature(endpoint.feature)
    arguments: dict[str, Any] = {}
    for name, kind in endpoint.parameters.items():
        text = request.parameters[name]
        arguments[name] = _parse_id(text) if kind is int else _parse_text(text)
    if endpoint.inputs is not None:
        arguments["params"], arguments["errors"] = inputs.parse(
            endpoint.inputs, request.raw, resource=endpoint.resource
        )
        if endpoint.is_by_id and not is_after_id_valid(request.query):
            arguments["errors"].add("after_id", "invalid", AFTER_ID_MESSAGE)
    call = Call(tx, caller, dependencies, request.pagination, request.last_event_id)
    return endpoint.function(call, **arguments)


def encode_result(endpoint: Endpoint, result: object, request: Request, links: Links) -> Response:
    """Encode what an endpoint's function returned. It takes no transaction: do it after the commit."""
    headers: Headers = ()
    match result:
        case None | Accepted():
            return Response(endpoint.status)
        case CreatedOrExisting(object, location, is_new):
            if not is_new:
                return json_response(200, object)
            return json_response(endpoint.status, object, _location(location))
        case Created(object, location, more):
            headers = _location(location)
            headers += tuple((name.lower().encode(), value.encode()) for name, value in more.items())
            return json_response(endpoint.status, object, headers)
        case OkWithLocation(object, location):
            return json_response(endpoint.status, object, _location(location))
        case Page(items, total) if request.pagination.after_id is not None:
            if total is None or total <= len(items):
                return json_response(endpoint.status, items)
            following = link_after_id(links.base_url + quote(request.path), request.pairs, items[-1].id)
            return json_response(endpoint.status, items, ((b"link", following.encode()),))
        case Page(items, total):
            link = link_header(links.base_url + quote(request.path), request.pairs, request.pagination, total)
            return json_response(endpoint.status, items, () if link is None else ((b"link", link.encode()),))
        case _:
            return json_response(endpoint.status, result)


def _last_event_id(headers: Headers) -> str:
    return next((value.decode("latin-1").strip() for name, value in headers if name == b"last-event-id"), "")


def _with_position(response: Response, position: int) -> Response:
    """Add the position of the log; the response shows everything up to there (``docs/guides/keep-a-copy.md``)."""
    return replace(response, headers=(*response.headers, (b"x-hourhook-position", b"%d" % position)))


def _location(location: str | None) -> Headers:
    return () if location is None else ((b"location", location.encode()),)


def _parse_id(text: str) -> int:
    """Parse an id of the path; raise ``NotFound`` for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MAX_ID):
        raise NotFound
    return int(text)


def _parse_text(text: str) -> str:
    if "\0" in text:
        raise NotFound
    return text
