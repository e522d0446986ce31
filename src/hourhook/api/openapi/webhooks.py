"""The payloads of webhooks in the OpenAPI document: what a receiver gets, and how it may respond."""

from typing import Any

from hourhook.domain.events.headers import PAYLOAD_HEADERS
from hourhook.domain.events.schemas import SCHEMA_TYPES, component_name, payload_example, summary_of

Json = dict[str, Any]

# Of no endpoint: generators make a file of each group, of endpoints or of webhooks.
GROUP = "Webhook payloads"
GROUP_DESCRIPTION = "What the receivers of webhooks get."
_DESCRIPTION = "Sent to the `payload_uri` of a webhook. Verify the signature before you trust it."
_PARAMETER_REF = "#/components/parameters/{name}"


def webhooks(base_url: str) -> Json:
    """Return the ``webhooks`` of the document."""
    return {type: {"post": _operation(type, base_url)} for type in SCHEMA_TYPES}


def header_parameters() -> Json:
    """Return the headers of payloads as components."""
    return {
        name: {
            "name": name,
            "in": "header",
            "required": header.is_required,
            "description": header.description,
            "schema": header.schema,
        }
        for name, header in PAYLOAD_HEADERS.items()
    }


def _operation(type: str, base_url: str) -> Json:
    content = {
        "schema": {"$ref": f"#/components/schemas/{component_name(type)}"},
        "example": payload_example(type, base_url),
    }
    return {
        "operationId": f"receive_{type.replace('.', '_')}",
        "tags": [GROUP],
        "summary": summary_of(type).rstrip("."),
        "description": _DESCRIPTION,
        # Nobody authenticates to a receiver: the signature does it.
        "security": [],
        "parameters": [{"$ref": _PARAMETER_REF.format(name=name)} for name in PAYLOAD_HEADERS],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": _RESPONSES,
    }


_RESPONSES: Json = {
    "2XX": {"description": "Accepted: the next payload follows."},
    "410": {"description": "The receiver is gone: the webhook is disabled."},
    "default": {"description": "Not accepted: sent again, after growing delays, for 72 hours."},
}
