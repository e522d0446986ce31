"""The route groups of the API: the checks before their routes, in the documented order, and their response headers."""

import re
from collections.abc import Sequence

from hourhook.api.credentials import extract_token
from hourhook.api.oauth import tokens
from hourhook.http.asgi import Scope
from hourhook.http.context import get_context
from hourhook.http.cors import CorsPolicy
from hourhook.http.middleware import Check, RouteGroup
from hourhook.http.queries import parse_query_string
from hourhook.http.responses import MISSING_USER_AGENT, UNAUTHORIZED, Response

# The paths below it continue with tokens of applications.
SECRET_PREFIXES = ("/applications/",)
_VARY = ((b"vary", b"Origin"),)
_HEADERS = ((b"cache-control", b"private, max-age=0, must-revalidate"), *_VARY)
_PASSWORD_PATHS = re.compile(r"/subdomains|/authorizations/.+|/applications/.+")


def api_route_groups(cors: CorsPolicy, rate_limit: Check) -> Sequence[RouteGroup]:
    """Return the groups of ``/v2``, of the token endpoint, and of the OAuth endpoints that take passwords.

    The last one has no CORS headers: pages of other sites must not handle passwords.
    """
    return (
        RouteGroup(
            is_api_path,
            (cors.preflight, _check_user_agent, rate_limit, _check_credential),
            headers=_HEADERS,
            cors=cors,
            has_status_header=True,
        ),
        RouteGroup(lambda path: path == tokens.PATH, (cors.preflight,), headers=_VARY, cors=cors),
        RouteGroup(_is_password_path, (rate_limit,), headers=_HEADERS, has_status_header=True),
    )


def is_api_path(path: str) -> bool:
    return path == "/v2" or path.startswith("/v2/")


def _is_password_path(path: str) -> bool:
    return _PASSWORD_PATHS.fullmatch(path) is not None


def _check_user_agent(scope: Scope) -> Response | None:
    if any(name == b"user-agent" and value.strip() for name, value in scope["headers"]):
        return None
    return MISSING_USER_AGENT


def _check_credential(scope: Scope) -> Response | None:
    context = get_context(scope)
    context.pairs = parse_query_string(scope["query_string"])
    context.token = extract_token(scope, context.pairs) or ""
    return None if context.token else UNAUTHORIZED
