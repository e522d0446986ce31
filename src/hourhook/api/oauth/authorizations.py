"""``/subdomains`` and ``/authorizations``: users manage the applications that may act for them (``docs/api/oauth.md``).

They authenticate with their e-mail address and password by HTTP Basic, and the path names one of their accounts.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from hourhook.api.dispatcher import Request, encode_result, make_request, run_endpoint
from hourhook.api.endpoints import Call, CreatedOrExisting, Endpoint, Endpoints, group_by_path
from hourhook.api.errors import respond
from hourhook.api.pagination import link_header, parse_paging
from hourhook.domain import sign_ins
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Query, ValidationErrors
from hourhook.domain.links import Links
from hourhook.domain.oauth import authorizations
from hourhook.domain.oauth.authorizations import AuthorizationCreate, AuthorizationGetOrCreate, AuthorizationUpdate
from hourhook.domain.oauth.representations import Authorization, Subdomain
from hourhook.domain.pages import Page
from hourhook.domain.sign_ins import Candidate
from hourhook.errors import NotFound, Unauthenticated
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.basic_auth import extract_basic_auth
from hourhook.http.bodies import parse_body, read_body
from hourhook.http.context import RequestContext, get_context
from hourhook.http.hash_queue import RETRY_AFTER_SECONDS, HashQueueFull
from hourhook.http.queries import parse_query_string
from hourhook.http.responses import Response, json_response, method_not_allowed
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

SUBDOMAINS = "/subdomains"

_log = structlog.get_logger()

DESCRIPTION = "Applications that act for users: consent, tokens, and the authorizations of a user."

endpoints = Endpoints("OAuth", resource="Authorization", description=DESCRIPTION)


@endpoints.get("/authorizations/{subdomain}", by_id=False)
def index(call: Call, subdomain: str) -> Page[Authorization]:
    """List the authorizations that you made, newest first.

    Authorizations that you gave in the browser are not listed.
    """
    return authorizations.list_page(call.tx, call.caller, call.dependencies, call.pagination)


@endpoints.post("/authorizations/{subdomain}")
def create(call: Call, subdomain: str, params: AuthorizationCreate, errors: ValidationErrors) -> Authorization:
    """Authorize an application to act for you.

    Its token lasts until the authorization is deleted. An unknown `client_id` and a wrong `client_secret` are a 400
    with the `error` `invalid_client`.
    """
    return authorizations.create(call.tx, call.caller, call.dependencies, params, errors)


@endpoints.put("/authorizations/{subdomain}/clients/{client_id}", operation_id="get_or_create_authorization")
def ensure(
    call: Call, subdomain: str, client_id: str, params: AuthorizationGetOrCreate, errors: ValidationErrors
) -> CreatedOrExisting[Authorization]:
    """Authorize an application unless you did before.

    Idempotent: if you authorized it before, the oldest authorization is returned, unchanged.
    """
    found = authorizations.get_or_create(call.tx, call.caller, call.dependencies, client_id, params, errors)
    return CreatedOrExisting(found.authorization, found.authorization.url, found.is_new)


@endpoints.get("/authorizations/{subdomain}/{authorization_id}")
def show(call: Call, subdomain: str, authorization_id: int) -> Authorization:
    """Show an authorization, with its token."""
    return authorizations.show(call.tx, call.caller, call.dependencies, authorization_id)


@endpoints.put("/authorizations/{subdomain}/{authorization_id}")
def edit(
    call: Call, subdomain: str, authorization_id: int, params: AuthorizationUpdate, errors: ValidationErrors
) -> Authorization:
    """Edit the note and the scopes of an authorization."""
    return authorizations.edit(call.tx, call.caller, call.dependencies, authorization_id, params, errors)


@endpoints.delete("/authorizations/{subdomain}/{authorization_id}")
def remove(call: Call, subdomain: str, authorization_id: int) -> None:
    """Delete an authorization. Its token stops working."""
    authorizations.remove(call.tx, call.caller, authorization_id)


class BasicAuthRoutes:
    """The routes, for requests of users who send their password."""

    def __init__(
        self,
        database: Database,
        links: Links,
        dependencies: Dependencies,
        sign_in_throttle: SignInThrottle,
        max_body_bytes: int,
    ) -> None:
        self._database = database
        self._links = links
        self._dependencies = dependencies
        self._sign_in_throttle = sign_in_throttle
        self._max_body_bytes = max_body_bytes

    def routes(self) -> Mapping[str, Application]:
        paths = {SUBDOMAINS: None, **group_by_path(endpoints.all)}
        return {path: partial(self._dispatch, methods) for path, methods in paths.items()}

    async def _dispatch(
        self, methods: Mapping[str, Endpoint] | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await respond(self._handle(methods, scope, receive), scope, receive, send)

    async def _handle(self, methods: Mapping[str, Endpoint] | None, scope: Scope, receive: Receive) -> Response:
        """Handle a request to ``/subdomains``, or to a path with endpoints."""
        context = get_context(scope)
        context.pairs = parse_query_string(scope["query_string"])
        candidates = await self._authenticate(scope, context)
        if isinstance(candidates, Response):
            return candidates
        if methods is None:
            return self._subdomains(candidates, context) if scope["method"] == "GET" else method_not_allowed(["GET"])
        candidate = _in_account(candidates, scope["path_params"]["subdomain"])
        await self._database.read(self._set_caller, candidate, context)
        endpoint = methods.get(scope["method"])
        if endpoint is None:
            return method_not_allowed(methods)
        if endpoint.method == "GET":
            request = make_request(endpoint, scope, {})
            result = await self._database.read(self._run, endpoint, candidate, request, context)
        else:
            # The body is read only for an authenticated caller.
            body = b"" if endpoint.method == "DELETE" else await read_body(scope, receive, self._max_body_bytes)
            request = make_request(endpoint, scope, parse_body(body))
            result = await self._database.write(candidate.account_id, self._run, endpoint, candidate, request, context)
        return encode_result(endpoint, result, request, self._links)

    async def _authenticate(self, scope: Scope, context: RequestContext) -> Sequence[Candidate] | Response:
        """Return the users with these credentials, one for each account, or the 429 of too many attempts."""
        credentials = extract_basic_auth(scope)
        if credentials is None:
            raise Unauthenticated
        email, password = credentials
        attempt = self._sign_in_throttle.try_acquire(context.client_network, email)
        if attempt is None:
            return _too_many_requests(self._sign_in_throttle.retry_after_seconds)
        try:
            candidates = await self._sign_in_throttle.authenticate(self._database, attempt, password)
        except HashQueueFull:
            return _too_many_requests(RETRY_AFTER_SECONDS)
        if not candidates:
            _log.info("sign-in failed", client=context.client_address)
            raise Unauthenticated
        attempt.refund()
        return candidates

    def _subdomains(self, candidates: Sequence[Candidate], context: RequestContext) -> Response:
        pagination = parse_paging(Query.of(context.pairs))
        shown = [Subdomain(candidate.account_name, candidate.profile_image_url) for candidate in candidates]
        link = link_header(self._links.url(SUBDOMAINS), context.pairs, pagination, len(shown))
        page = shown[pagination.offset : pagination.offset + pagination.limit]
        return json_response(200, page, () if link is None else ((b"link", link.encode()),))

    def _run(
        self, tx: Transaction, endpoint: Endpoint, candidate: Candidate, request: Request, context: RequestContext
    ) -> object:
        self._set_caller(tx, candidate, context)
        assert context.caller is not None
        return run_endpoint(tx, endpoint, context.caller, self._dependencies, request)

    def _set_caller(self, tx: Transaction, candidate: Candidate, context: RequestContext) -> None:
        context.caller = sign_ins.require_caller(tx, candidate, self._links)


def _too_many_requests(seconds: int) -> Response:
    return Response(429, headers=((b"retry-after", b"%d" % seconds),))


def _in_account(candidates: Sequence[Candidate], name: str) -> Candidate:
    """Return the candidate of an account. Raises ``NotFound`` for any other account, whether it exists or not."""
    for candidate in candidates:
        if candidate.account_name.lower() == name.lower():
            return candidate
    raise NotFound
