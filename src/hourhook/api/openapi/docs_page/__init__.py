"""Render ``/docs``: the OpenAPI document as an HTML page.

The page is complete as served. Its script filters the list and copies the examples.
"""

import base64
import hashlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from hourhook.domain.events.schemas import component_name, schema_path
from hourhook.domain.links import Links

Json = dict[str, Any]

_FOLDER = Path(__file__).parent
_PATH_PARAMETER = re.compile(r"\{([^}]+)\}")
_CODE = re.compile(r"`([^`]+)`")
_MAX_EXAMPLE_KEYS = 4


def render(document: Json, links: Links) -> tuple[bytes, bytes]:
    """Return the page and the value of its ``Content-Security-Policy``."""
    style, script = style_text(), (_FOLDER / "page.js").read_text()
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    page = environment.get_template("page.html").render(
        about=document["info"]["description"],
        version=document["info"]["version"],
        groups=_groups(document),
        errors=_errors(document),
        payloads=_payloads(document),
        objects=_objects(document),
        base_url=document["servers"][0]["url"],
        href=links.href,
        style=Markup(style),
        script=Markup(script),
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page.encode(), policy.encode()


def _groups(document: Json) -> list[Json]:
    operations = [
        _operation(document, path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [
        {
            "name": tag["name"],
            "id": _slug(tag["name"]),
            "operations": [o for o in operations if o["group"] == tag["name"]],
        }
        for tag in document["tags"]
        if any(operation["group"] == tag["name"] for operation in operations)
    ]


def _operation(document: Json, path: str, method: str, operation: Json) -> Json:
    parameters = [_resolved(document, parameter) for parameter in operation.get("parameters", [])]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    body = _resolved(document, body) if body else None
    return {
        "id": operation["operationId"],
        "group": operation["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation["description"],
        "path_parameters": [_row(p["name"], p["schema"], p, True) for p in parameters if p["in"] == "path"],
        "query": [_row(p["name"], p["schema"], p, p.get("required", False)) for p in parameters if p["in"] == "query"],
        "body": _rows_with_parts(body) if body else [],
        "successes": [
            _response(document, *response) for response in operation["responses"].items() if response[0] < "400"
        ],
        "errors": [status for status in operation["responses"] if status >= "400"],
        "example": _example(document["servers"][0]["url"] + path, method.upper(), body, _credential(operation))
        if operation.get("security", True)
        else _open_example(document["servers"][0]["url"] + path, method.upper(), parameters, body),
    }


def _response(document: Json, status: str, response: Json) -> Json:
    response = _resolved(document, response)
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    return {
        "status": status,
        "description": response["description"],
        "type": _type(schema) if schema else None,
        "headers": [*response.get("headers", {})],
    }


def _errors(document: Json) -> list[Json]:
    """Return each error response once, however many operations share it."""
    errors: Json = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    errors.setdefault(status, response)
    return [_response(document, status, response) for status, response in sorted(errors.items())]


def _payloads(document: Json) -> list[Json]:
    """Return what webhooks get, each with its sentence; their schemas are documents of their own."""
    return [
        {"type": type, "summary": methods["post"]["summary"], "schema": schema_path(type)}
        for type, methods in document["webhooks"].items()
    ]


def _objects(document: Json) -> list[Json]:
    payloads = {component_name(type) for type in document["webhooks"]}
    schemas = {name: schema for name, schema in document["components"]["schemas"].items() if name not in payloads}
    named = json.dumps([{**document["components"], "schemas": schemas}, _contents(document)])
    referenced = {*re.findall(r'"#/components/schemas/([^"]+)"', named)}
    return [
        {"name": name, "id": _slug(name), "description": schema.get("description", ""), "rows": _rows(schema)}
        for name, schema in schemas.items()
        if name in referenced
    ]


def _contents(document: Json) -> list[Any]:
    """Return the responses of all operations. Request bodies are shown with their operation instead."""
    return [operation["responses"] for methods in document["paths"].values() for operation in methods.values()]


def _rows(schema: Json) -> list[Json]:
    required = schema.get("required", [])
    return [_row(name, field, field, name in required) for name, field in schema.get("properties", {}).items()]


def _rows_with_parts(schema: Json, prefix: str = "") -> list[Json]:
    """Return the keys of a body, each followed by its nested keys, such as ``rate_calculation.flat_rate``."""
    required = schema.get("required", [])
    rows = []
    for name, field in schema.get("properties", {}).items():
        rows.append(_row(prefix + name, field, field, name in required))
        rows += _rows_with_parts(field, f"{prefix}{name}.")
        rows += _rows_with_parts(field.get("items", {}), f"{prefix}{name}[].")
    return rows


def _row(name: str, schema: Json, described: Json, is_required: bool) -> Json:
    return {
        "name": name,
        "type": _type(schema),
        "is_required": is_required,
        "options": [option for option in schema.get("enum", []) if option is not None],
        "default": schema.get("default"),
        "description": described.get("description", ""),
    }


def _type(schema: Json) -> Json:
    """Describe a type: its words, and the object it refers to, if any."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"words": name, "object": _slug(name)}
    if "anyOf" in schema:
        parts = [_type(part) for part in schema["anyOf"]]
        reference = next((part["object"] for part in parts if part["object"]), None)
        return {"words": " or ".join(part["words"] for part in parts), "object": reference}
    if schema.get("type") == "array":
        items = _type(schema.get("items", {}))
        return {"words": f"list of {items['words']}", "object": items["object"]}
    types = schema.get("type", "anything")
    words = " or ".join(types) if isinstance(types, list) else types
    named = {"date": "date", "date-time": "timestamp", "uri": "URL", "email": "e-mail address"}
    if schema.get("format") in named:
        words = words.replace("string", named[schema["format"]])
    return {"words": words, "object": None}


def _resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _credential(operation: Json) -> str:
    """Return the curl option with the credential of an operation."""
    scheme = next(iter(operation["security"][0])) if "security" in operation else "token"
    return {"password": '-u "$EMAIL:$PASSWORD"', "application": '-u "$CLIENT_ID:$CLIENT_SECRET"'}.get(
        scheme, '-H "X-NokoToken: $TOKEN"'
    )


def _example(url: str, method: str, body: Json | None, credential: str) -> str:
    lines = ["curl " + ("" if method == "GET" else f"-X {method} ") + _PATH_PARAMETER.sub(_path_value, url)]
    lines.append(credential)
    if body:
        lines.append("-d " + shlex.quote(json.dumps(_object(body), indent=2)).replace("\n", "\n  "))
    return " \\\n  ".join(lines)


def _path_value(found: re.Match[str]) -> str:
    """Return the example value of a path parameter, an id by default."""
    return _PATH_VALUES.get(found[1], "20817")


def _object(schema: Json) -> Json:
    return {name: _value(name, schema["properties"][name]) for name in _example_keys(schema)}


def _example_keys(schema: Json) -> list[str]:
    """Return the keys of an object that its example has: the required ones first."""
    names = [*schema.get("required", []), *schema["properties"]]
    return [*dict.fromkeys(names)][: max(_MAX_EXAMPLE_KEYS, len(schema.get("required", [])))]


def _open_example(url: str, method: str, parameters: list[Json], body: Json | None) -> str:
    """Return an example of an operation without a token, with form-encoded parameters."""
    required = [parameter for parameter in parameters if parameter.get("required")]
    query = "&".join(f"{p['name']}={p['schema'].get('enum', ['…'])[0]}" for p in required)
    lines = ["curl " + ("" if method == "GET" else f"-X {method} ") + shlex.quote(f"{url}?{query}" if query else url)]
    if body:
        lines += [f"-d {name}={body['properties'][name].get('enum', ['…'])[0]}" for name in _example_keys(body)]
    return " \\\n  ".join(lines)


def _value(name: str, schema: Json) -> Any:
    if name in _VALUES:
        return _VALUES[name]
    if "enum" in schema:
        return schema["enum"][0]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if types[0] == "object":
        return _object(schema)
    if types[0] == "array":
        return [_value("", schema["items"])] if schema["items"].get("type") != "integer" else [914420, 914421]
    by_format = {"date": "2024-05-21", "date-time": "2024-05-21T10:05:00Z", "uri": "https://example.com/hooks"}
    by_type = {"integer": 20817, "number": 12.5, "boolean": True}
    return by_format.get(schema.get("format", ""), by_type.get(types[0], "text"))


_PATH_VALUES = {"subdomain": "northwind", "client_id": "$CLIENT_ID", "access_token": "$ACCESS_TOKEN"}
_VALUES: Json = {
    "minutes": 45,
    "description": "Kick-off #planning",
    "headers": {"Authorization": "Bearer 5f2d1c"},
    "name": "Website relaunch",
    "names": ["#planning", "#design*"],
    "first_name": "Ada",
    "last_name": "Byron",
    "email": "ada@example.com",
    "color": "#3fa7d6",
    "budgeted_minutes": 1200,
    "source_url": "https://example.com/tasks/17",
    "payload_uri": "https://example.com/hooks",
    "events": ["entry.created", "entry.updated"],
    "user_id": 7301,
    "project_name": "Website relaunch",
}


def _prose(text: str) -> Markup:
    paragraphs = [" ".join(part.split()) for part in text.strip().split("\n\n")]
    written = []
    for part in paragraphs:
        points = [point for point in re.split(r"(?:^|\s)- (?=[A-Z`])", part) if point]
        if part.startswith("- "):
            written.append("<ul>" + "".join(f"<li>{_inline(point)}</li>" for point in points) + "</ul>")
        else:
            written.append(f"<p>{_inline(part)}</p>")
    return Markup("".join(written))


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", str(escape(text)))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def style_text() -> str:
    """Return the style sheet, which the pages of the documentation share."""
    return (_FOLDER / "page.css").read_text()


def digest(text: str) -> str:
    """Return the SHA-256 of a style or a script as a ``Content-Security-Policy`` names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
