"""The AsyncAPI document: every payload that webhooks get, as a message with its schema and an example."""

from typing import Any

from hourhook import __version__
from hourhook.domain.events.headers import PAYLOAD_HEADERS
from hourhook.domain.events.schemas import (
    SCHEMA_TYPES,
    component_name,
    payload_example,
    payload_schemas,
    summary_of,
)

Json = dict[str, Any]

_ABOUT = """\
Every change of an account is delivered to its webhooks: in order, signed, at least once.

A receiver answers a payload with any 2xx. With 410 it is disabled; after any other answer the payload is sent again,
and the payloads behind it wait.
"""


def build_asyncapi(base_url: str) -> Json:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hourhook webhooks",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT License"},
            "externalDocs": {"url": f"{base_url.rstrip('/')}/docs/guides/receiving"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                # Known only when a webhook is created.
                "address": None,
                "title": "A webhook",
                "description": "The `payload_uri` of a webhook.",
                "messages": {type: {"$ref": f"#/components/messages/{type}"} for type in SCHEMA_TYPES},
            }
        },
        "operations": {
            "deliver": {
                "action": "send",
                "title": "Deliver a payload",
                "channel": {"$ref": "#/channels/webhook"},
                "messages": [{"$ref": f"#/channels/webhook/messages/{type}"} for type in SCHEMA_TYPES],
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            }
        },
        "components": {
            "messages": {type: _message(type, base_url) for type in SCHEMA_TYPES},
            "schemas": {**payload_schemas(), "PayloadHeaders": _HEADERS},
        },
    }


def _message(type: str, base_url: str) -> Json:
    return {
        "name": type,
        "title": type,
        "summary": summary_of(type),
        "headers": {"$ref": "#/components/schemas/PayloadHeaders"},
        "payload": {"$ref": f"#/components/schemas/{component_name(type)}"},
        "examples": [{"payload": payload_example(type, base_url)}],
    }


_HEADERS: Json = {
    "type": "object",
    "properties": {
        name: {**header.schema, "description": header.description} for name, header in PAYLOAD_HEADERS.items()
    },
    "required": [name for name, header in PAYLOAD_HEADERS.items() if header.is_required],
}
