"""``POST /oauth/2/access_token``: applications fetch and refresh their tokens (contract, oauth.md).

Parameters come form-encoded, as a JSON object or in the query, and the client's credentials by HTTP Basic too. Success
is form-encoded text unless JSON is asked for; whatever is wrong is a 400 and JSON.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.api.pagination import Pairs, parse_query_string
from hourhook.domain.oauth import token_grants
from hourhook.domain.oauth.token_grants import PARAMETERS, AccessToken, OAuthError
from hourhook.errors import DatabaseUnavailable, MalformedBody, Refusal
from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.bodies import BodyTooLarge, ClientDisconnected, parse_body, read_body
from hourhook.http.context import get_context
from hourhook.http.responses import TOO_MANY_REQUESTS, Response, error_response, json_response, service_unavailable
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import Settings
from hourhook.store.database import Database

MAX_BODY_BYTES = 65_536
PATH = "/oauth/2/access_token"
FORM = b"application/x-www-form-urlencoded"

# Nobody on the way may keep it.
_UNCACHED = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


class _Faulty(Exception):
    """The request cannot be read; its text says why."""


def token_routes(settings: Settings, database: Database) -> Sequence[ControllerRouterHandler]:
    """The route of the token endpoint."""
    limit = settings.oauth_rate_limit
    buckets = TokenBuckets(limit, database.clock) if limit else None

    async def answer(scope: Scope, receive: Receive) -> Response:
        if buckets is not None and not buckets.try_acquire(get_context(scope).client_address):
            return TOO_MANY_REQUESTS
        given = _parameters(scope, await read_body(scope, receive, MAX_BODY_BYTES))
        account_id = await database.read(token_grants.find_account, given)
        made: AccessToken | OAuthError
        if account_id is None:
            made = await database.read(token_grants.find_error, given)
        else:
            made = await database.write(account_id, token_grants.exchange, given, settings.oauth_token_seconds)
        return _shown(made, scope)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            found = await answer(scope, receive)
        except _Faulty as fault:
            found = _error(400, str(fault))
        except BodyTooLarge:
            found = _error(413, "The body is larger than this server accepts.")
        except Refusal as refusal:
            found = error_response(refusal)
        except DatabaseUnavailable:
            found = service_unavailable()
        except ClientDisconnected:
            return
        await found(scope, receive, send)

    @post(PATH, status_code=200)
    async def exchange(request: Request[Any, Any, Any]) -> ASGIApp:
        return application

    return [exchange]


def _parameters(scope: Scope, body: bytes) -> Mapping[str, str]:
    """What was sent of the parameters, wherever it was; what is empty counts as absent."""
    pairs = [
        (name, value) for name, value in [*parse_query_string(scope["query_string"]), *_pairs(scope, body)] if value
    ]
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise _Faulty(f"{name} is given more than once.")
        if name in PARAMETERS:
            given[name] = value
    for name, value in _basic(scope).items():
        if given.setdefault(name, value) != value:
            raise _Faulty(f"The {name} of the Authorization header is not the one among the parameters.")
    for name, value in given.items():
        if not value.isascii():
            raise _Faulty(f"The {name} holds what none can.")
    return given


def _pairs(scope: Scope, body: bytes) -> Pairs:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    if not body.lstrip().startswith(b"{") and not any(b"json" in kind.lower() for kind in kinds):
        return parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    try:
        parsed = parse_body(body)
    except MalformedBody as error:
        raise _Faulty(f"{error}.") from None
    for name, value in parsed.items():
        if name in PARAMETERS and not isinstance(value, str | None):
            raise _Faulty(f"The {name} is no text.")
    return [(name, value) for name, value in parsed.items() if isinstance(value, str)]


def _basic(scope: Scope) -> Mapping[str, str]:
    """The client's credentials, as RFC 6749 has them: form-encoded, and then put together."""
    for name, value in scope["headers"]:
        scheme, _, credentials = value.strip().partition(b" ")
        if name != b"authorization" or scheme.lower() != b"basic":
            continue
        try:
            decoded = base64.b64decode(credentials.strip(), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            raise _Faulty("The Authorization header is no HTTP Basic.") from None
        client_id, _, client_secret = decoded.partition(":")
        found = {"client_id": unquote_plus(client_id), "client_secret": unquote_plus(client_secret)}
        return {name: value for name, value in found.items() if value}
    return {}


def _shown(made: AccessToken | OAuthError, scope: Scope) -> Response:
    if isinstance(made, OAuthError):
        return json_response(400, made, _UNCACHED)
    if _wants_json(scope):
        return json_response(200, made, _UNCACHED)
    # In the order of their names, as the contract has it.
    pairs = sorted(msgspec.structs.asdict(made).items())
    return Response(200, urlencode(pairs).encode(), _UNCACHED, FORM)


def _wants_json(scope: Scope) -> bool:
    return any(name == b"accept" and b"application/json" in value.lower() for name, value in scope["headers"])


def _error(status: int, reason: str) -> Response:
    return json_response(status, OAuthError("invalid_request", reason), _UNCACHED)
