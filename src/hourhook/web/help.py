"""``/help``: what an integrator has to know, and each event with its example and its schema."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from markupsafe import Markup, escape

from hourhook.domain.events.catalogue import LOGGED_TYPES
from hourhook.domain.events.headers import PAYLOAD_HEADERS
from hourhook.domain.events.schemas import (
    SCHEMA_TYPES,
    example_body,
    example_headers,
    schema_document,
    schema_path,
    summary_of,
)
from hourhook.errors import NotFound
from hourhook.web.pages import Pages, Values, View
from hourhook.web.webhooks.creating import LANGUAGES, read_program

# The secret of the examples, of the form of a real one.
SECRET = "whsec_SG91cmhvb2sgZXhhbXBsZSBzZWNyZXQsIG5vdCByZWFs"
_RECEIVER = "http://127.0.0.1:9000/"
pages = Pages()


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an object in a payload."""

    name: str
    type: str
    # The schema that it refers to, if any.
    refers_to: str | None
    description: Markup


@pages.get("/help", template="help/index")
def index(view: View) -> Values:
    return {}


@pages.get("/help/events", template="help/events")
def events(view: View) -> Values:
    groups = {
        category: [(type, summary_of(type)) for type in types]
        for category, types in groupby(LOGGED_TYPES, key=lambda type: type.partition(".")[0])
    }
    others = [(type, with_code(summary_of(type))) for type in SCHEMA_TYPES if type not in LOGGED_TYPES]
    return {"groups": groups, "others": others}


@pages.get("/help/events/{event_type}", template="help/event")
def event(view: View, event_type: str) -> Values:
    if event_type not in SCHEMA_TYPES:
        raise NotFound
    base_url = view.links.base_url
    schema = schema_document(event_type, base_url)
    body = example_body(event_type, base_url)
    headers = example_headers(event_type, body, view.display.now, SECRET)
    place = SCHEMA_TYPES.index(event_type)
    return {
        "type": event_type,
        "summary": with_code(summary_of(event_type)),
        "general": _general(event_type),
        "example": msgspec.json.format(body, indent=2).decode(),
        "headers": headers,
        "curl": _curl(headers, body),
        "secret": SECRET,
        "keys": _keys(schema),
        "changes": [*schema["properties"].get("changes", {}).get("properties", {})],
        "objects": {name: _keys(part) for name, part in schema["$defs"].items() if "properties" in part},
        # The one to show at once.
        "object": schema["properties"].get("object", {}).get("$ref", "").rpartition("/")[2],
        "schema_path": schema_path(event_type),
        "previous": SCHEMA_TYPES[place - 1] if place else None,
        "next": SCHEMA_TYPES[place + 1] if place + 1 < len(SCHEMA_TYPES) else None,
    }


@pages.get("/help/verifying", template="help/verifying")
def verifying(view: View) -> Values:
    return {"programs": [(name, read_program(file)) for name, file in LANGUAGES]}


@pages.get("/help/delivery", template="help/delivery")
def delivery(view: View) -> Values:
    return {
        "headers": {name: with_code(header.description) for name, header in PAYLOAD_HEADERS.items()},
        "retry_hours": round(view.dependencies.retry_window_seconds / 3600),
        "timeout": view.dependencies.send_timeout_seconds,
        "retention_days": round(view.dependencies.retention_seconds / 86_400),
    }


def with_code(text: str) -> Markup:
    """Return a text with what stands in backquotes as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _general(type: str) -> str | None:
    """Return the event that is raised together with a specific one."""
    general = type.rpartition(".")[0]
    return general if general in LOGGED_TYPES else None


def _curl(headers: list[tuple[str, str]], body: bytes) -> str:
    lines = ["curl -i " + _RECEIVER, *(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers)]
    return " \\\n  ".join([*lines, f"--data-binary {shlex.quote(body.decode())}"])


def _keys(schema: Mapping[str, Any]) -> list[Key]:
    return [
        Key(name, *_describe(part), with_code(part.get("description", "")))
        for name, part in schema.get("properties", {}).items()
    ]


def _describe(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return a type in words, and the schema that it refers to."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return name, name
        case {"anyOf": list(parts)}:
            described = [_describe(part) for part in parts]
            return " or ".join(words for words, _ in described), next((name for _, name in described if name), None)
        case {"type": "array", "items": items}:
            element, refers_to = _describe(items)
            return f"list of {element}", refers_to
        case {"enum": list(values)}:
            return " or ".join(str(value) for value in values), None
        case {"format": str(format)}:
            return _FORMATS.get(format, format), None
        case _:
            return str(schema.get("type", "event")), None


_FORMATS = {"date-time": "timestamp", "uri": "URL", "uuid": "UUID"}
