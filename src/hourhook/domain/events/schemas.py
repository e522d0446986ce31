"""The JSON Schema of every payload, built from the representations (``docs/api/events.md#schemas-and-examples``).

The schemas are open: later versions may add keys to objects and values to enums. They use only what JSON Schema
2020-12, OpenAPI 3.1 and AsyncAPI 3.0 have in common, so that all three share them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from hourhook.delivery import envelope
from hourhook.delivery.signing import Headers
from hourhook.domain.events.catalogue import LOGGED_TYPES, PING, SUMMARIES
from hourhook.domain.events.examples import HAPPENED_AT, OBJECTS, event_examples
from hourhook.domain.events.recording import changing_fields

Json = dict[str, Any]

BATCH = "batch"
# What the example of a batch contains.
BATCHED = ("entry.created", "entry.updated")
# Every payload has a schema: of an event, of a ping, and of several events together.
SCHEMA_TYPES = (*LOGGED_TYPES, PING, BATCH)
# The dialect of the schemas that stand alone.
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_REF = "#/components/schemas/{name}"
_DEFS_REF = "#/$defs/{name}"

# What a specific update may change; any other may change every key. So may an invoice that is unpaid again, whose
# amounts follow what stands on it from then on.
_CHANGES = {
    "entry.updated.approved": ("approved_at", "approved_by"),
    "entry.updated.unapproved": ("approved_at", "approved_by"),
    "entry.updated.invoiced": ("invoiced_at", "invoice"),
    "entry.updated.uninvoiced": ("invoiced_at", "invoice"),
    "project.updated.archived": ("enabled",),
    "project.updated.unarchived": ("enabled",),
    "invoice.updated.paid": ("state", "payment", "payment_transactions"),
    "user.updated.deactivated": ("state",),
    "user.updated.activated": ("state",),
}
_TIMESTAMP = {"type": "string", "format": "date-time"}
_WEBHOOK = (1, "Ledger sync")
_PAYLOAD_ID = "0b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10"


def component_name(type: str) -> str:
    """Return the name of a payload's schema, such as ``EntryUpdatedPayload``."""
    return "".join(word.capitalize() for part in type.split(".") for word in part.split("_")) + "Payload"


def summary_of(type: str) -> str:
    """Return when a payload is sent, in one sentence."""
    return _SUMMARIES[type]


@cache
def payload_schemas(ref: str = SCHEMA_REF) -> Mapping[str, Json]:
    """Return the schemas of all payloads and of all that they refer to, by name; ``ref`` is the form of a reference."""
    types = [*OBJECTS.values()]
    keys = [(type, field) for type in types for field in changing_fields(type)]
    found, components = msgspec.json.schema_components([*types, *(field.type for _, field in keys)], ref_template=ref)
    pairs = {
        (type.__name__, field.encode_name): {"type": "array", "items": schema, "minItems": 2, "maxItems": 2}
        for (type, field), schema in zip(keys, found[len(types) :], strict=True)
    }
    return {
        **components,
        "WebhookSummary": _WEBHOOK_SUMMARY,
        **{component_name(type): _event_schema(type, pairs, ref) for type in LOGGED_TYPES},
        component_name(PING): _ping_schema(ref),
        component_name(BATCH): _batch_schema(ref),
    }


def schema_document(type: str, base_url: str) -> Json:
    """Return the schema of a payload as a document of its own, with all that it refers to and an example."""
    schemas = payload_schemas(_DEFS_REF)
    schema = schemas[component_name(type)]
    if type == BATCH:
        schema = _with_choice(schema, _DEFS_REF)
    return {
        "$schema": DIALECT,
        "$id": f"{base_url.rstrip('/')}{schema_path(type)}",
        "title": type,
        **schema,
        "examples": [payload_example(type, base_url)],
        "$defs": {name: schemas[name] for name in _referenced(schema, schemas)},
    }


def schema_path(type: str) -> str:
    return f"/schemas/events/{type}.json"


def payload_example(type: str, base_url: str) -> Json:
    """Return an example of a payload."""
    parsed: Json = msgspec.json.decode(example_body(type, base_url))
    return parsed


def example_headers(type: str, body: bytes, sent_at: int, secret: str) -> Headers:
    """Return the headers of an example that is sent now, signed with a secret."""
    sequence = None if type == PING else 1
    first = BATCHED[0] if type == BATCH else type
    count = len(BATCHED) if type == BATCH else 1
    return envelope.headers(_PAYLOAD_ID, first, sequence, 1, sent_at, body, secret, batch_count=count)


def example_body(type: str, base_url: str) -> bytes:
    """Return the body of an example, byte for byte as it is sent."""
    if type == PING:
        return envelope.ping_body(_PAYLOAD_ID, HAPPENED_AT, *_WEBHOOK)
    if type == BATCH:
        payloads = [
            {"payload_id": _PAYLOAD_ID[:-1] + str(sequence), "sequence": sequence, "attempt": 1}
            | payload_example(each, base_url)
            for sequence, each in enumerate(BATCHED, 1)
        ]
        return msgspec.json.encode(
            {"type": BATCH, "webhook_id": _WEBHOOK[0], "webhook_name": _WEBHOOK[1], "payloads": payloads}
        )
    example = event_examples(base_url)[type]
    changes, object = msgspec.json.encode(example.changes), msgspec.json.encode(example.object)
    return envelope.body(*_WEBHOOK, type, HAPPENED_AT, changes, object)


def _event_schema(type: str, pairs: Mapping[tuple[str, str], Json], ref: str) -> Json:
    """Return the schema of an event's payload; ``pairs`` are the schemas of changed keys."""
    object = OBJECTS[type.partition(".")[0]].__name__
    keys = [key for name, key in pairs if name == object] if ".updated" in type else []
    changes = {key: pairs[object, key] for key in _CHANGES.get(type, keys)}
    return _object(
        summary_of(type),
        webhook={"$ref": ref.format(name="WebhookSummary")},
        type=_constant(type),
        created_at={**_TIMESTAMP, "description": "When the event happened."},
        changes={
            "type": "object",
            "description": "The value before and after, for each key of the object that changed.",
            "properties": changes,
        }
        if changes
        else {"type": "object", "description": "Empty: only updates have changes.", "maxProperties": 0},
        object={"$ref": ref.format(name=object)},
    )


def _ping_schema(ref: str) -> Json:
    return _object(
        summary_of(PING),
        payload_id={"type": "string", "format": "uuid"},
        created_at=_TIMESTAMP,
        type=_constant(PING),
        object={"type": "object", "maxProperties": 0},
        webhook={"$ref": ref.format(name="WebhookSummary")},
    )


def _batch_schema(ref: str) -> Json:
    """Return the schema of a batch, in which the types of elements are not told apart.

    Generators make wrong clients of a choice of all events. The schema that stands alone has it.
    """
    element = _object(
        "The payload of an event, after its place in the lane.",
        payload_id={"type": "string", "format": "uuid"},
        sequence={"type": "integer", "minimum": 1},
        attempt={"type": "integer", "minimum": 1},
        webhook={"$ref": ref.format(name="WebhookSummary")},
        type={"type": "string", "enum": [*LOGGED_TYPES]},
        created_at=_TIMESTAMP,
        changes={"type": "object"},
        object={"type": "object"},
    )
    return _object(
        summary_of(BATCH),
        type=_constant(BATCH),
        webhook_id={"type": "integer"},
        webhook_name={"type": "string"},
        payloads={"type": "array", "minItems": 2, "items": element},
    )


def _with_choice(batch: Json, ref: str) -> Json:
    """Return the schema of a batch whose elements are those of one event each."""
    payloads = batch["properties"]["payloads"]
    choice = [{"$ref": ref.format(name=component_name(type))} for type in LOGGED_TYPES]
    items = {**payloads["items"], "oneOf": choice}
    return {**batch, "properties": {**batch["properties"], "payloads": {**payloads, "items": items}}}


def _object(description: str, **properties: Json) -> Json:
    return {"type": "object", "description": description, "properties": properties, "required": [*properties]}


def _constant(value: str) -> Json:
    # Generators of clients know an enum of one value better than a constant.
    return {"type": "string", "enum": [value]}


def _referenced(schema: Any, schemas: Mapping[str, Json]) -> list[str]:
    """Return the names of all schemas that a schema refers to, directly or not."""
    found: dict[str, None] = {}
    to_read = [schema]
    while to_read:
        match to_read.pop():
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                if name not in found:
                    found[name] = None
                    to_read.append(schemas[name])
            case dict(part):
                to_read += part.values()
            case list(parts):
                to_read += parts
            case _:
                pass
    return sorted(found)


_SUMMARIES = {
    **SUMMARIES,
    PING: "A webhook was created, or a ping was asked for.",
    BATCH: "Several payloads wait, and the webhook takes them together (`batch_limit` above 1).",
}
_WEBHOOK_SUMMARY = _object(
    "The webhook that a payload is for.",
    id={"type": "integer"},
    name={"type": "string", "description": "Its name when the payload was sent."},
)
