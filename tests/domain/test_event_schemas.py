"""The schemas of payloads, and the examples that match them."""

import json

import jsonschema_rs
import pytest

from hourhook.domain.events.catalogue import LOGGED_TYPES, PING, SUMMARIES
from hourhook.domain.events.examples import OBJECTS, event_examples
from hourhook.domain.events.schemas import (
    BATCH,
    SCHEMA_TYPES,
    component_name,
    payload_example,
    schema_document,
    summary_of,
)
from tests.support.payload_schemas import find_violations
from tests.support.shapes import CONTRACT, SHAPES_FILE

BASE_URL = "https://time.example.com"
SHAPES = json.loads(SHAPES_FILE.read_text())


def test_every_event_has_an_example_and_a_schema_of_its_own() -> None:
    assert {*event_examples(BASE_URL)} == {*LOGGED_TYPES}
    assert {*SCHEMA_TYPES} == {*LOGGED_TYPES, PING, BATCH}
    assert len({component_name(type) for type in SCHEMA_TYPES}) == len(SCHEMA_TYPES)
    assert component_name("project_group.deleted.merged") == "ProjectGroupDeletedMergedPayload"


def test_the_example_of_every_payload_matches_its_schema() -> None:
    assert [
        violation for type in SCHEMA_TYPES for violation in find_violations(json.dumps(payload_example(type, BASE_URL)))
    ] == []


def test_a_schema_stands_alone_and_has_an_example() -> None:
    for type in SCHEMA_TYPES:
        document = schema_document(type, BASE_URL)
        assert document["$id"] == f"{BASE_URL}/schemas/events/{type}.json"
        jsonschema_rs.Draft202012Validator(document).validate(document["examples"][0])


def test_updates_have_changes_and_other_events_have_none() -> None:
    for type in LOGGED_TYPES:
        changes = payload_example(type, BASE_URL)["changes"]
        assert bool(changes) == (".updated" in type), type
        for before, after in changes.values():
            assert before != after


@pytest.mark.parametrize("category", [category for category in OBJECTS if category != "webhook"])
def test_an_object_has_the_keys_of_the_documented_representation(category: str) -> None:
    """A field that is removed from a representation, or added to it, fails here."""
    schema = schema_document(f"{category}.created", BASE_URL)["$defs"][OBJECTS[category].__name__]

    assert [*schema["properties"]] == [key.rstrip("?") for key in SHAPES[category]]
    assert schema["required"] == [*schema["properties"]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"object": {}}, "required property"),
        ({"changes": {"minutes": [45]}}, "less than 2 items"),
        ({"changes": {"minutes": ["45", 60]}}, 'not of type "integer"'),
        ({"changes": {"speed": [1, 2]}}, "unexpected"),
        ({"type": "entry.created", "changes": {"minutes": [45, 60]}}, "more than 0 properties"),
    ],
)
def test_a_payload_that_differs_is_found(change: dict[str, object], expected: str) -> None:
    violations = find_violations(json.dumps(payload_example("entry.updated", BASE_URL) | change))

    assert violations
    assert any(expected in violation for violation in violations), violations


def test_every_summary_is_a_sentence() -> None:
    summaries = [summary_of(type) for type in SCHEMA_TYPES]

    assert [summary for summary in summaries if not summary[0].isupper() or not summary.endswith(".")] == []
    assert len({*summaries}) == len(summaries)
    assert [*SUMMARIES] == [*LOGGED_TYPES]


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_the_payloads_of_the_contract_match_the_schemas() -> None:
    examples = sorted((CONTRACT / "examples").glob("payload_*.json"))

    assert len(examples) == 10
    assert {example.name: find_violations(example.read_text()) for example in examples} == {
        example.name: [] for example in examples
    }
