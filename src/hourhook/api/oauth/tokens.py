"""``POST /oauth/2/access_token``: applications obtain and refresh access tokens (``docs/api/oauth.md``).

Parameters are form-encoded, a JSON object or in the query; the client's credentials may also come by HTTP Basic. The
response is form-encoded unless the client asks for JSON; an error is a 400 in JSON.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus, urlencode

import msgspec

from hourhook.api.errors import respond
from hourhook.crypto import Keyring
from hourhook.domain.oauth import token_grants
from hourhook.domain.oauth.token_grants import PARAMETERS, AccessToken, OAuthError
from hourhook.errors import MalformedBody
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.basic_auth import parse_basic_credentials
from hourhook.http.bodies import BodyTooLarge, parse_body, read_body
from hourhook.http.context import get_context
from hourhook.http.queries import Pairs, parse_query_string
from hourhook.http.responses import TOO_MANY_REQUESTS, Response, json_response
from hourhook.http.router import MethodRoutes
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import Settings
from hourhook.store.database import Database

MAX_BODY_BYTES = 65_536
PATH = "/oauth/2/access_token"
FORM = b"application/x-www-form-urlencoded"

# RFC 6749, section 5.1: no cache may store tokens.
_UNCACHED = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


class _InvalidRequest(Exception):
    """The request cannot be parsed; its text says why."""


def token_routes(settings: Settings, database: Database, keyring: Keyring) -> Mapping[str, Application]:
    limit = settings.oauth_rate_limit
    buckets = TokenBuckets(limit, database.clock) if limit else None

    async def exchange(scope: Scope, receive: Receive) -> Response:
        if buckets is not None and not buckets.try_acquire(get_context(scope).client_network):
            return TOO_MANY_REQUESTS
        try:
            parameters = _parameters(scope, await read_body(scope, receive, MAX_BODY_BYTES))
        except _InvalidRequest as error:
            return _invalid_request(400, str(error))
        except BodyTooLarge:
            return _invalid_request(413, "The body is larger than this server accepts.")
        account_id = await database.read(token_grants.find_account, parameters)
        result: AccessToken | OAuthError
        if account_id is None:
            result = await database.read(token_grants.find_error, parameters)
        else:
            result = await database.write(
                account_id, token_grants.exchange, parameters, keyring, settings.oauth_token_seconds
            )
        return _encode(result, scope)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(exchange(scope, receive), scope, receive, send)

    return {PATH: MethodRoutes({"POST": application})}


def _parameters(scope: Scope, body: bytes) -> Mapping[str, str]:
    """Return the parameters of query, body and HTTP Basic; empty ones count as absent."""
    pairs = [
        (name, value) for name, value in [*parse_query_string(scope["query_string"]), *_pairs(scope, body)] if value
    ]
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise _InvalidRequest(f"{name} is given more than once.")
        if name in PARAMETERS:
            parameters[name] = value
    for name, value in _basic(scope).items():
        if parameters.setdefault(name, value) != value:
            raise _InvalidRequest(f"The {name} of the Authorization header is not the one among the parameters.")
    for name, value in parameters.items():
        if not value.isascii():
            raise _InvalidRequest(f"The {name} contains characters that are not allowed.")
    return parameters


def _pairs(scope: Scope, body: bytes) -> Pairs:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    if not body.lstrip().startswith(b"{") and not any(b"json" in kind.lower() for kind in kinds):
        return parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    try:
        parsed = parse_body(body)
    except MalformedBody as error:
        raise _InvalidRequest(f"{error}.") from None
    for name, value in parsed.items():
        if name in PARAMETERS and not isinstance(value, str | None):
            raise _InvalidRequest(f"The {name} must be a string.")
    return [(name, value) for name, value in parsed.items() if isinstance(value, str)]


def _basic(scope: Scope) -> Mapping[str, str]:
    """Return the client's credentials, which are form-encoded inside HTTP Basic (RFC 6749, section 2.3.1)."""
    for name, value in scope["headers"]:
        scheme, _, text = value.decode("latin-1").strip().partition(" ")
        if name != b"authorization" or scheme.lower() != "basic":
            continue
        credentials = parse_basic_credentials(text)
        if credentials is None or not "".join(credentials).isascii():
            raise _InvalidRequest("The Authorization header is not valid HTTP Basic.")
        client = {"client_id": unquote_plus(credentials[0]), "client_secret": unquote_plus(credentials[1])}
        return {name: value for name, value in client.items() if value}
    return {}


def _encode(result: AccessToken | OAuthError, scope: Scope) -> Response:
    if isinstance(result, OAuthError):
        return json_response(400, result, _UNCACHED)
    if _wants_json(scope):
        return json_response(200, result, _UNCACHED)
    # Sorted by name, as clients of Noko expect.
    pairs = sorted(msgspec.structs.asdict(result).items())
    return Response(200, urlencode(pairs).encode(), _UNCACHED, FORM)


def _wants_json(scope: Scope) -> bool:
    return any(name == b"accept" and b"application/json" in value.lower() for name, value in scope["headers"])


def _invalid_request(status: int, reason: str) -> Response:
    return json_response(status, OAuthError("invalid_request", reason), _UNCACHED)
