"""Validate payloads against their published schemas, with every object closed: a key too many is a difference too."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from hourhook.domain.events.schemas import BATCH, schema_document
from hourhook.domain.links import DEFAULT_BASE_URL

_PLACE = ("payload_id", "sequence", "attempt")


def find_violations(body: bytes | str) -> list[str]:
    """Return where the body of a payload differs from its schema."""
    payload = json.loads(body)
    validator = _validator(payload["type"])
    violations = [
        f"{payload['type']} at {error.instance_path}: {error.message}" for error in validator.iter_errors(payload)
    ]
    if payload["type"] == BATCH:
        for element in payload["payloads"]:
            single = {key: value for key, value in element.items() if key not in _PLACE}
            violations += find_violations(json.dumps(single))
    return violations


def assert_valid(body: bytes | str) -> None:
    """Fail unless the body of a payload matches its schema."""
    assert find_violations(body) == []


@cache
def _validator(type: str) -> Any:
    document = schema_document(type, DEFAULT_BASE_URL)
    # An element of a batch is an event with a place, so that its event cannot be closed.
    return jsonschema_rs.Draft202012Validator(document if type == BATCH else _close(document))


def _close(part: Any) -> Any:
    if isinstance(part, Mapping):
        closed = {key: _close(value) for key, value in part.items()}
        return {**closed, "additionalProperties": False} if isinstance(part.get("properties"), Mapping) else closed
    return [_close(each) for each in part] if isinstance(part, list) else part
