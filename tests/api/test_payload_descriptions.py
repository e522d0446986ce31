"""The descriptions of payloads for machines: in the OpenAPI document, as AsyncAPI, and as JSON Schemas."""

import json
import re
from collections.abc import Callable

import jsonschema_rs
import pytest

from hourhook.api.app import asyncapi_text, openapi_text
from hourhook.domain.events.schemas import SCHEMA_TYPES
from tests.conftest import Server
from tests.support.payload_schemas import find_violations


def test_every_schema_is_served_with_an_example(server: Server) -> None:
    for type in SCHEMA_TYPES:
        response = server.client.get(f"/schemas/events/{type}.json")
        assert (response.status, response.headers["content-type"]) == (200, "application/schema+json"), type
        schema = response.json()
        assert schema["$id"] == f"{server.base_url}/schemas/events/{type}.json"
        jsonschema_rs.Draft202012Validator(schema).validate(schema["examples"][0])

    assert server.client.get("/schemas/events/entry.eaten.json").status == 404
    assert server.client.post("/schemas/events/entry.created.json").status == 405


def test_the_asyncapi_document_is_the_same_with_and_without_a_server(server: Server) -> None:
    response = server.client.get("/asyncapi.json")

    assert (response.status, response.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert response.body == asyncapi_text(server.base_url)


def test_the_asyncapi_document_has_a_message_for_every_payload() -> None:
    document = json.loads(asyncapi_text())

    assert document["asyncapi"] == "3.0.0"
    assert [*document["components"]["messages"]] == [*SCHEMA_TYPES]
    for message in document["components"]["messages"].values():
        assert find_violations(json.dumps(message["examples"][0]["payload"])) == []


def test_the_openapi_document_has_a_webhook_for_every_payload() -> None:
    document = json.loads(openapi_text())

    assert [*document["webhooks"]] == [*SCHEMA_TYPES]
    # Generators make a file of each group: one of both would be written twice.
    groups = [
        {operation["tags"][0] for methods in document[part].values() for operation in methods.values()}
        for part in ("paths", "webhooks")
    ]
    assert groups[0] & groups[1] == set()
    for type, methods in document["webhooks"].items():
        name = methods["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert document["components"]["schemas"][name]["properties"]["type"]["enum"] == [type]


@pytest.mark.parametrize("text", [openapi_text, asyncapi_text], ids=["openapi", "asyncapi"])
def test_every_reference_resolves(text: Callable[[], bytes]) -> None:
    document = json.loads(text())
    for reference in {*re.findall(r'"\$ref": "#/([^"]+)"', text().decode())}:
        part = document
        for name in reference.split("/"):
            part = part[name]
