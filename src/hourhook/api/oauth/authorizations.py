"""``/subdomains`` and ``/authorizations``: users manage what they allow applications (contract, oauth.md, part B).

Whoever comes here brings his e-mail address and his password by HTTP Basic, and the path says in which of his accounts
he is to be. The rest is as behind any door of the API.
"""

from collections.abc import Mapping, Sequence

import msgspec
import structlog
from litestar.types import ControllerRouterHandler

from hourhook.api.credentials import extract_basic_auth
from hourhook.api.dispatcher import respond, route_to
from hourhook.api.endpoints import Call, CreatedOrExisting, Endpoint, Endpoints, Request, group_by_path
from hourhook.api.pagination import link_header, parse_paging, parse_query_string
from hourhook.domain import sign_ins
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Query, ValidationErrors
from hourhook.domain.links import Links
from hourhook.domain.oauth import authorizations
from hourhook.domain.oauth.authorizations import AuthorizationChanges, NewAuthorization, WantedAuthorization
from hourhook.domain.oauth.representations import Authorization, Subdomain
from hourhook.domain.pages import Page
from hourhook.domain.sign_ins import Candidate
from hourhook.errors import NotFound, Unauthenticated
from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.bodies import parse_body, read_body
from hourhook.http.context import RequestContext, get_context
from hourhook.http.responses import Response, method_not_allowed
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction

SUBDOMAINS = "/subdomains"

_log = structlog.get_logger()

endpoints = Endpoints("OAuth", resource="Authorization")


@endpoints.get("/authorizations/{subdomain}")
def index(call: Call, subdomain: str) -> Page[Authorization]:
    """List the authorizations that you made, newest first.

    What you allowed applications in the browser is not among them.
    """
    return authorizations.list_page(call.tx, call.caller, call.dependencies, call.pagination)


@endpoints.post("/authorizations/{subdomain}")
def create(call: Call, subdomain: str, params: NewAuthorization, errors: ValidationErrors) -> Authorization:
    """Let an application act for you.

    Its token lasts until the authorization is deleted. An unknown `client_id` and a wrong `client_secret` are a 400
    with the `error` `invalid_client`.
    """
    return authorizations.create(call.tx, call.caller, call.dependencies, params, errors)


@endpoints.put("/authorizations/{subdomain}/clients/{client_id}")
def ensure(
    call: Call, subdomain: str, client_id: str, params: WantedAuthorization, errors: ValidationErrors
) -> CreatedOrExisting[Authorization]:
    """Let an application act for you, unless you did so before: then the oldest authorization is answered unchanged."""
    found = authorizations.get_or_create(call.tx, call.caller, call.dependencies, client_id, params, errors)
    return CreatedOrExisting(found.authorization, found.authorization.url, found.is_new)


@endpoints.get("/authorizations/{subdomain}/{authorization_id}")
def show(call: Call, subdomain: str, authorization_id: int) -> Authorization:
    """Show an authorization, with its token."""
    return authorizations.show(call.tx, call.caller, call.dependencies, authorization_id)


@endpoints.put("/authorizations/{subdomain}/{authorization_id}")
def edit(
    call: Call, subdomain: str, authorization_id: int, params: AuthorizationChanges, errors: ValidationErrors
) -> Authorization:
    """Edit what is noted with an authorization, and its scopes."""
    return authorizations.edit(call.tx, call.caller, call.dependencies, authorization_id, params, errors)


@endpoints.delete("/authorizations/{subdomain}/{authorization_id}")
def remove(call: Call, subdomain: str, authorization_id: int) -> None:
    """Delete an authorization: its token opens nothing from then on."""
    authorizations.remove(call.tx, call.caller, authorization_id)


class BasicAuthRoutes:
    """Lets people in who bring a password."""

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
        self._outside = dependencies
        self._sign_in_throttle = sign_in_throttle
        self._max_body_bytes = max_body_bytes

    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The one route of all paths."""
        known = {SUBDOMAINS: {}, **group_by_path(endpoints.all)}

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            answered = self._answer(known[scope["path_template"]], scope, receive)
            await respond(answered, scope, receive, send)

        return [route_to(application, known)]

    async def _answer(self, verbs: Mapping[str, Endpoint], scope: Scope, receive: Receive) -> Response:
        context = get_context(scope)
        context.pairs = parse_query_string(scope["query_string"])
        candidates = await self._identify(scope, context.client_address)
        if isinstance(candidates, Response):
            return candidates
        if scope["path_template"] == SUBDOMAINS:
            is_known = scope["method"] == "GET"
            return self._subdomains(candidates, context) if is_known else method_not_allowed(["GET"])
        candidate = _in_account(candidates, scope["path_params"]["subdomain"])
        await self._database.read(self._admit, candidate, context)
        endpoint = verbs.get(scope["method"])
        if endpoint is None:
            return method_not_allowed(verbs)
        if endpoint.method == "GET":
            return await self._database.read(self._run, endpoint, candidate, _request(context, scope), context)
        # Nobody who may not enter has a body read.
        body = b"" if endpoint.method == "DELETE" else await read_body(scope, receive, self._max_body_bytes)
        request = _request(context, scope, body)
        return await self._database.write(candidate.account_id, self._run, endpoint, candidate, request, context)

    async def _identify(self, scope: Scope, client: str) -> Sequence[Candidate] | Response:
        """The users that somebody is, each of another account; or what to answer who guesses too fast."""
        found = extract_basic_auth(scope)
        if found is None:
            raise Unauthenticated
        email, password = found
        if not self._sign_in_throttle.try_acquire(client, email):
            return Response(429, headers=((b"retry-after", b"%d" % self._sign_in_throttle.retry_after_seconds),))
        candidates = await self._sign_in_throttle.authenticate(self._database, email, password)
        if not candidates:
            _log.info("sign-in failed", client=client)
            raise Unauthenticated
        self._sign_in_throttle.refund(client, email)
        return candidates

    def _subdomains(self, candidates: Sequence[Candidate], context: RequestContext) -> Response:
        pagination = parse_paging(Query.of(context.pairs))
        shown = [Subdomain(candidate.account_name, candidate.profile_image_url) for candidate in candidates]
        link = link_header(self._links.url(SUBDOMAINS), context.pairs, pagination, len(shown))
        body = msgspec.json.encode(shown[pagination.offset : pagination.offset + pagination.limit])
        return Response(200, body, () if link is None else ((b"link", link.encode()),))

    def _run(
        self, tx: Transaction, endpoint: Endpoint, candidate: Candidate, request: Request, context: RequestContext
    ) -> Response:
        self._admit(tx, candidate, context)
        assert context.caller is not None
        return endpoint.run(tx, context.caller, self._outside, request)

    def _admit(self, tx: Transaction, candidate: Candidate, context: RequestContext) -> None:
        context.caller = sign_ins.require_caller(tx, candidate, self._links)


def _in_account(candidates: Sequence[Candidate], name: str) -> Candidate:
    """The user who somebody is in an account; a stranger there learns nothing of it."""
    for candidate in candidates:
        if candidate.account_name.lower() == name.lower():
            return candidate
    raise NotFound


def _request(context: RequestContext, scope: Scope, body: bytes = b"") -> Request:
    return Request(scope["path"], scope["path_params"], context.pairs, Query.of(context.pairs), parse_body(body))
