"""The OAuth endpoints in the OpenAPI document, which are declared here by hand (``docs/api/oauth.md``).

One is a page of the web app, another takes and returns forms, and the others authenticate by password or client secret.
"""

from typing import Any

import msgspec

from hourhook.domain.oauth.representations import Authorization, Subdomain
from hourhook.domain.oauth.token_grants import AccessToken, OAuthError

Json = dict[str, Any]

GROUP = "OAuth"
_FORM = "application/x-www-form-urlencoded"

_ASK = """\
The first step of OAuth 2: send the user's browser here. The user signs in, sees which application asks, and decides.
The browser is then redirected to the application's callback with a `code`, valid once and for 10 minutes, or with an
`error`.

An unknown `client_id`, or a `redirect_uri` that is not registered, shows an error page instead of a redirect.
"""
_EXCHANGE = """\
The second step of OAuth 2: exchange a `code` or a `refresh_token` for an access token. Codes and refresh tokens are
valid once; a second use revokes every token issued from them. A refresh whose response was lost can be repeated once
within 60 seconds, and returns the same tokens.

Parameters are also accepted as a JSON object or in the query, `client_id` and `client_secret` by HTTP Basic. The
response is form-encoded unless `Accept` asks for JSON. Every error is a 400.
"""


def _parameter(name: str, description: str, *, required: bool = False, enum: list[str] | None = None) -> Json:
    schema: Json = {"type": "string"} if enum is None else {"type": "string", "enum": enum}
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


def _page(description: str) -> Json:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


def _fault(description: str) -> Json:
    schema = {"$ref": "#/components/schemas/OAuthError"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_TOO_MANY = {"$ref": "#/components/responses/TooManyRequests"}
_TOKEN = {"$ref": "#/components/schemas/AccessToken"}
_REQUEST = {"$ref": "#/components/schemas/AccessTokenRequest"}

PATHS: Json = {
    "/oauth/2/authorize": {
        "get": {
            "operationId": "authorize",
            "tags": [GROUP],
            "summary": "Ask a user to authorize an application",
            "description": _ASK.strip(),
            "security": [],
            "parameters": [
                _parameter("client_id", "The id of the registered application.", required=True),
                _parameter("response_type", "The requested grant.", required=True, enum=["code"]),
                _parameter("state", "Returned unchanged, so that the application can recognize its request."),
                _parameter(
                    "redirect_uri",
                    "The redirect target: the callback or a path below it, with any port on a loopback host.",
                ),
                _parameter(
                    "code_challenge",
                    "The base64url SHA-256 of the verifier (PKCE, RFC 7636). Required for public applications.",
                ),
                _parameter("code_challenge_method", "The method of the challenge.", enum=["S256"]),
            ],
            "responses": {
                "200": _page("The page on which the user decides."),
                "302": {
                    "description": "A redirect to the application, with an `error`.",
                    "headers": {"Location": {"$ref": "#/components/headers/Location"}},
                },
                "303": {
                    "description": "A redirect to the sign-in page.",
                    "headers": {"Location": {"$ref": "#/components/headers/Location"}},
                },
                "400": _page("The application is unknown, or the `redirect_uri` is not registered."),
                "503": _page("The database is unavailable."),
            },
        }
    },
    "/oauth/2/access_token": {
        "post": {
            "operationId": "create_access_token",
            "tags": [GROUP],
            "summary": "Create or refresh an access token",
            "description": _EXCHANGE.strip(),
            "security": [],
            "requestBody": {
                "required": True,
                "content": {_FORM: {"schema": _REQUEST}, "application/json": {"schema": _REQUEST}},
            },
            "responses": {
                "200": {
                    "description": "Done.",
                    "content": {_FORM: {"schema": _TOKEN}, "application/json": {"schema": _TOKEN}},
                },
                "400": _fault("The request, the credentials, the code or the refresh token are invalid."),
                "413": _fault("The body is larger than this server accepts."),
                "429": _TOO_MANY,
                "503": {"$ref": "#/components/responses/Unavailable"},
            },
        }
    },
}


SECURITY: Json = {
    "password": {"type": "http", "scheme": "basic", "description": "The e-mail address and the password of a user."},
    "application": {"type": "http", "scheme": "basic", "description": "The `client_id` and the `client_secret`."},
}
_BY_APPLICATION: list[Json] = [{"application": []}]
_BY_PASSWORD: list[Json] = [{"password": []}]


def with_password_auth(operation: Json) -> Json:
    """Return an operation with password authentication, and with the client secret if it takes one."""
    responses = {status: answer for status, answer in operation["responses"].items() if status != "403"}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if body and not body["$ref"].endswith("Update"):
        schema = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("ErrorResponse", "OAuthError")]}
        responses["400"] = {
            "description": "The body is not a JSON object, an input is invalid, or the application is unknown.",
            "content": {"application/json": {"schema": schema}},
        }
    return {**operation, "security": _BY_PASSWORD, "responses": responses}


def _preview(name: str, summary: str, description: str, security: list[Json], responses: Json, *paths: str) -> Json:
    parameters = [{"name": path, "in": "path", "required": True, "schema": {"type": "string"}} for path in paths]
    refused = {
        status: {"$ref": f"#/components/responses/{response}"}
        for status, response in (
            ("401", "Unauthorized"),
            ("404", "NotFound"),
            ("429", "TooManyRequests"),
            ("503", "Unavailable"),
        )
        if paths or status != "404"
    }
    operation: Json = {
        "operationId": name,
        "tags": [GROUP],
        "summary": summary,
        "description": description,
        "security": security,
        "responses": {**responses, **refused},
    }
    return {**operation, "parameters": parameters} if parameters else operation


def _answered(schema: Json) -> Json:
    return {"200": {"description": "Done.", "content": {"application/json": {"schema": schema}}}}


_DONE: Json = {"204": {"description": "No content."}}
_SUBDOMAINS = _answered({"type": "array", "items": {"$ref": "#/components/schemas/Subdomain"}})
_SUBDOMAINS["200"]["headers"] = {"Link": {"$ref": "#/components/headers/Link"}}

PREVIEW_PATHS: Json = {
    "/subdomains": {
        "get": {
            **_preview(
                "list_subdomains",
                "List your accounts",
                "The accounts that the password signs in to, by name. The paths of authorizations contain the name.",
                _BY_PASSWORD,
                _SUBDOMAINS,
            ),
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in ("page", "per_page")],
        }
    },
    "/applications/{client_id}/tokens": {
        "delete": _preview(
            "revoke_all_application_tokens",
            "Revoke all tokens of an application",
            "Revokes every authorization of its users too, so that no refresh token works any more.",
            _BY_APPLICATION,
            _DONE,
            "client_id",
        )
    },
    "/applications/{client_id}/tokens/{access_token}": {
        "get": _preview(
            "get_application_token",
            "Check whether an access token is valid",
            "A 404 if it is invalid, or belongs to another application.",
            _BY_APPLICATION,
            _answered({"$ref": "#/components/schemas/Authorization"}),
            "client_id",
            "access_token",
        ),
        "delete": _preview(
            "revoke_application_token",
            "Revoke an access token",
            "An authorization that was created with a password is deleted with its token.",
            _BY_APPLICATION,
            _DONE,
            "client_id",
            "access_token",
        ),
    },
}


def schemas() -> dict[str, Json]:
    """Return the schemas that the paths refer to."""
    _, components = msgspec.json.schema_components(
        [AccessToken, OAuthError, Authorization, Subdomain], ref_template="#/components/schemas/{name}"
    )
    return {**components, "AccessTokenRequest": _ACCESS_TOKEN_REQUEST}


def _text(description: str, **more: Any) -> Json:
    return {"type": "string", **more, "description": description}


_ACCESS_TOKEN_REQUEST: Json = {
    "type": "object",
    "required": ["client_id", "grant_type"],
    "properties": {
        "client_id": _text("The id of the registered application."),
        "client_secret": _text("The client secret; a public application has none and omits it."),
        "grant_type": _text("The kind of grant that is exchanged.", enum=["authorization_code", "refresh_token"]),
        "code": _text("The code from the redirect; for `authorization_code`."),
        "redirect_uri": _text("The same value as in the authorization request, if any; for `authorization_code`."),
        "code_verifier": _text("The PKCE verifier, if the authorization request had a challenge."),
        "refresh_token": _text("The refresh token of the last response; for `refresh_token`."),
    },
}
