"""The OpenAPI document: of the API, made from its declared endpoints, and of the OAuth endpoints beside it.

The same for the same endpoints.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

import msgspec

from hourhook import __version__
from hourhook.api.credentials import CREDENTIAL_PARAMETERS
from hourhook.api.endpoints import Accepted, Created, CreatedOrExisting, Endpoint, Feed, OkWithLocation, Stream
from hourhook.api.oauth import authorizations
from hourhook.api.openapi import oauth, webhooks
from hourhook.api.openapi.operation_ids import operation_id
from hourhook.domain.callers import ROLES
from hourhook.domain.events.schemas import payload_schemas
from hourhook.domain.inputs import Inputs, fields_of, schema_of
from hourhook.domain.inputs.declarations import InputField as Input
from hourhook.domain.inputs.numbers import MAX_ID
from hourhook.domain.pages import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_ABOUT = """\
A time-tracking server compatible with the Noko v2 API that delivers every change to webhooks.

- Every request needs a credential and a non-empty `User-Agent`.
- Bodies are JSON objects. Without a body, POST and PUT read the query instead.
- Collections are paginated: follow the `Link` header. Times are UTC, in whole seconds.
- Unknown keys are ignored. `null` or an empty string clears an optional value.
"""


def build_document(endpoints: Sequence[Endpoint], base_url: str) -> Json:
    """Build the document, without the hidden endpoints."""
    visible = [endpoint for endpoint in endpoints if not endpoint.is_hidden]
    previews = authorizations.endpoints.all
    answers, schemas = _answer_schemas([*visible, *previews])
    for endpoint in [*visible, *previews]:
        if endpoint.inputs is not None and _has_body(endpoint):
            schemas[endpoint.inputs.__name__] = schema_of(endpoint.inputs)
    paths = {
        **_paths(visible, answers),
        **oauth.PATHS,
        **_paths(previews, answers, oauth.with_password_auth),
        **oauth.PREVIEW_PATHS,
    }
    groups = {endpoint.group: endpoint.group_description for endpoint in [*visible, *previews]}
    groups[webhooks.GROUP] = webhooks.GROUP_DESCRIPTION
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hourhook",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT License", "identifier": "MIT"},
        },
        "servers": [{"url": base_url}],
        "security": [{name: []} for name in _SECURITY],
        "tags": [{"name": name, "description": description} for name, description in groups.items()],
        "paths": paths,
        "webhooks": webhooks.webhooks(base_url),
        "components": {
            "schemas": {**dict(sorted({**payload_schemas(), **schemas, **oauth.schemas()}.items())), **_ERROR_SCHEMAS},
            "responses": _RESPONSES,
            "parameters": {**_PARAMETERS, **webhooks.header_parameters()},
            "headers": _HEADERS,
            "securitySchemes": {**_SECURITY, **oauth.SECURITY},
        },
    }


def _paths(
    endpoints: Sequence[Endpoint], answers: Mapping[Any, Json], adapted: Callable[[Json], Json] = lambda same: same
) -> dict[str, Json]:
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        operation = adapted(_operation(endpoint, answers.get(_content_of(endpoint.response_type))))
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return paths


def _operation(endpoint: Endpoint, content: Json | None) -> Json:
    summary, _, description = inspect.cleandoc(endpoint.function.__doc__ or "").partition("\n\n")
    parts = [description.strip(), _about_role(endpoint.role)]
    if endpoint.feature is not None:
        parts.append(f"The account needs the feature `{endpoint.feature}`.")
    operation: Json = {
        "operationId": operation_id(endpoint),
        "tags": [endpoint.group],
        "summary": " ".join(summary.split()).rstrip("."),
        "description": "\n\n".join(part for part in parts if part),
    }
    takes_key = _takes_key(endpoint)
    parameters = [_path_parameter(name, kind) for name, kind in endpoint.parameters.items()]
    if endpoint.inputs is not None and not _has_body(endpoint):
        parameters += [_query_parameter(field, endpoint.inputs) for field in fields_of(endpoint.inputs)]
    if _is_stream(endpoint):
        parameters.append({"$ref": "#/components/parameters/Last-Event-ID"})
    if takes_key:
        parameters.append({"$ref": "#/components/parameters/Idempotency-Key"})
    if endpoint.is_paged:
        names = ("page", "per_page", "after_id") if endpoint.is_by_id else ("page", "per_page")
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in names]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.inputs is not None and _has_body(endpoint):
        schema = {"$ref": _REF.format(name=endpoint.inputs.__name__)}
        operation["requestBody"] = {
            "required": bool(endpoint.inputs.required),
            "content": {"application/json": {"schema": schema}},
        }
    operation["responses"] = _responses(endpoint, content)
    return operation


def _about_role(role: str) -> str:
    if role == ROLES[-1]:
        return "Open to every role."
    return f"Needs the role `{role}`" + (" or a higher one." if role != ROLES[0] else ".")


def _responses(endpoint: Endpoint, content: Json | None) -> Json:
    success: Json = {"description": _SUCCESSES[endpoint.status]}
    if content is not None:
        media_type = "text/event-stream" if _is_stream(endpoint) else "application/json"
        success["content"] = {media_type: {"schema": content}}
    headers = _success_headers(endpoint)
    if headers:
        success["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    refused = ["400", "401", "403", "429", "503"]
    if endpoint.parameters:
        refused.append("404")
    if _has_body(endpoint):
        refused.append("413")
    if _takes_key(endpoint):
        refused.append("409")
    refs: Json = {status: {"$ref": f"#/components/responses/{_NAMES[status]}"} for status in sorted(refused)}
    if get_origin(endpoint.response_type) is CreatedOrExisting:
        there_before = {name: part for name, part in success.items() if name != "headers"}
        refs = {"200": {**there_before, "description": "It existed before."}, **refs}
    return {str(endpoint.status): success, **refs}


def _success_headers(endpoint: Endpoint) -> list[str]:
    headers = [*endpoint.headers]
    if _is_api(endpoint) and not _is_stream(endpoint):
        headers.append("X-Hourhook-Position")
    if _takes_key(endpoint):
        headers.append("Idempotent-Replayed")
    if endpoint.is_paged:
        return ["Link", *headers]
    is_one = endpoint.status == 201 and get_origin(_content_of(endpoint.response_type)) is not list
    if is_one or get_origin(endpoint.response_type) is OkWithLocation:
        return ["Location", *headers]
    return headers


def _answer_schemas(endpoints: Sequence[Endpoint]) -> tuple[dict[Any, Json], dict[str, Json]]:
    """Return the schema of each response body, and those of the representations it refers to."""
    contents = list(dict.fromkeys(_content_of(endpoint.response_type) for endpoint in endpoints))
    contents = [content for content in contents if content is not None]
    schemas, components = msgspec.json.schema_components(contents, ref_template=_REF)
    return dict(zip(contents, schemas, strict=True)), components


def _content_of(answers: Any) -> Any:
    """Return the type of the response body, or None if there is none."""
    if answers in (None, type(None), Accepted):
        return None
    origin = get_origin(answers)
    if origin is Stream:
        # Its body is text, whose lines are described in words.
        return str
    if origin in (Page, Feed):
        return list[get_args(answers)[0]]  # type: ignore[misc]
    return get_args(answers)[0] if origin in (Created, CreatedOrExisting, OkWithLocation) else answers


def _query_parameter(field: Input, inputs: type[Inputs]) -> Json:
    parameter: Json = {"name": field.name, "in": "query", "schema": field.type.schema}
    if field.name in inputs.required:
        parameter["required"] = True
    if field.description:
        parameter["description"] = field.description
    if field.type.schema["type"] == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter


def _path_parameter(name: str, kind: type) -> Json:
    schema: Json = {"type": "integer", "minimum": 1, "maximum": MAX_ID} if kind is int else {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _is_api(endpoint: Endpoint) -> bool:
    """Return whether an endpoint takes an API token; the others belong to OAuth."""
    return endpoint.path.startswith("/v2/")


def _is_stream(endpoint: Endpoint) -> bool:
    return get_origin(endpoint.response_type) is Stream


def _takes_key(endpoint: Endpoint) -> bool:
    return endpoint.method == "POST" and _is_api(endpoint)


def _has_body(endpoint: Endpoint) -> bool:
    return endpoint.method in ("POST", "PUT")


def _refusal(description: str, schema: str | None = None, headers: Sequence[str] = ()) -> Json:
    response: Json = {"description": description}
    if schema is not None:
        response["content"] = {"application/json": {"schema": {"$ref": _REF.format(name=schema)}}}
    if headers:
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return response


_SUCCESSES = {200: "OK.", 201: "Created.", 202: "Accepted.", 204: "No content."}

_NAMES = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    "413": "TooLarge",
    "429": "TooManyRequests",
    "503": "Unavailable",
}

_RESPONSES: Json = {
    "BadRequest": _refusal(
        "The body is not a JSON object, an input is invalid, or the object's state does not allow it.", "ErrorResponse"
    ),
    "Unauthorized": _refusal("The credential is missing or invalid.", "ErrorMessage", ["WWW-Authenticate"]),
    "Forbidden": _refusal("The caller's role does not allow this, or the account lacks the feature.", "ErrorMessage"),
    "NotFound": _refusal("The object does not exist, or the caller cannot see it. The body is empty."),
    "Conflict": _refusal("The `Idempotency-Key` was used for another request in the last 24 hours.", "ErrorMessage"),
    "TooLarge": _refusal("The body is larger than this server accepts.", "ErrorMessage"),
    "TooManyRequests": _refusal("Too many requests from this address. The body is empty.", None, ["Retry-After"]),
    "Unavailable": _refusal("The account is locked for maintenance, or the database is unavailable.", "ErrorMessage"),
}

_ERROR_SCHEMAS: Json = {
    "ErrorMessage": {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
    },
    "ErrorResponse": {
        "type": "object",
        "properties": {
            "message": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": _REF.format(name="FieldError")}},
        },
        "required": ["message"],
    },
    "FieldError": {
        "type": "object",
        "properties": {
            "resource": {"type": "string", "description": "The resource of the request, such as `Entry`."},
            "field": {
                "type": "string",
                "description": "The invalid input, `name[index]`, or `base` for the object as a whole.",
            },
            "code": {"type": "string", "description": "The error code, such as `missing_field`."},
            "message": {"type": "string", "description": "What is wrong and what to do, in words for people."},
        },
        "required": ["resource", "field", "code", "message"],
    },
}

_PARAMETERS: Json = {
    "page": {
        "name": "page",
        "in": "query",
        "description": "The page number, from 1.",
        "schema": {"type": "integer", "minimum": 1, "default": 1},
    },
    "per_page": {
        "name": "per_page",
        "in": "query",
        "description": "The number of items per page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
    },
    "after_id": {
        "name": "after_id",
        "in": "query",
        "description": "List by id, ascending, the objects whose id is greater than this; not together with `page`.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The `id` of the last event that the client has seen; counts before `after`.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A text of your choice that is new for each change, such as a UUID. A repeat of the request "
        "with the same key within 24 hours changes nothing, and gets the response to the first.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
}

_HEADERS: Json = {
    "Link": {
        "description": "The URLs of the `first`, `prev`, `next` and `last` pages, with `after_id` only `next`; "
        "absent if there is only one page.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "The URL of the object.", "schema": {"type": "string", "format": "uri"}},
    "X-Hourhook-Invitation": {
        "description": "The link to pass on to the new user; absent if the server sends it by e-mail.",
        "schema": {"type": "string", "format": "uri"},
    },
    "X-Hourhook-Position": {
        "description": "The position in the account's event log up to which this response is complete.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Idempotent-Replayed": {
        "description": "`true` if this is the response to an earlier request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "The number of seconds to wait.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "The accepted authentication schemes.", "schema": {"type": "string"}},
}

_SECURITY: Json = {
    "token": {"type": "apiKey", "in": "header", "name": "X-NokoToken", "description": "A personal access token."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The token as the user name, without a password."},
    "query": {
        "type": "apiKey",
        "in": "query",
        "name": CREDENTIAL_PARAMETERS[0],
        "description": "Query parameters appear in the logs of proxies.",
    },
}
