"""Nested inputs: errors name their path, and the valid parts are parsed all the same."""

from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from hourhook.domain import inputs
from hourhook.domain.inputs import UNSET, Id, IdList, Inputs, Name, Query, UnsetType, schema_of
from hourhook.domain.inputs.nested import NestedField, NestedListField
from hourhook.errors import ValidationFailed
from tests.domain.test_inputs import json_values


class Part(Inputs):
    """A part."""

    required: ClassVar = ("id",)
    aliases: ClassVar = {"number": "id"}
    id: Id | UnsetType = UNSET
    name: Name | UnsetType | None = UNSET


class Middle(Inputs):
    """The middle level."""

    part: Annotated[Part, NestedField(Part)] | UnsetType | None = UNSET
    parts: Annotated[list[Part], NestedListField(Part, 3)] | UnsetType | None = UNSET
    ids: IdList | UnsetType = UNSET


class Whole(Inputs):
    """The top level."""

    required: ClassVar = ("middle",)
    name: Name | UnsetType = UNSET
    middle: Annotated[Middle, NestedField(Middle), "In it."] | UnsetType = UNSET


def parse(raw: Any) -> tuple[Whole, list[tuple[str, str]]]:
    params, errors = inputs.parse(Whole, raw, resource="Thing")
    return params, errors.all()


def test_valid_nested_inputs_are_parsed_at_any_depth() -> None:
    params, errors = parse({"middle": {"part": {"id": "5", "more": 1}, "parts": [{"number": 6, "name": " six "}]}})

    assert errors == []
    assert params.middle
    assert params.middle.part == Part(id=5)
    assert params.middle.parts == [Part(id=6, name="six")]


@pytest.mark.parametrize("blank", [None, ""])
def test_a_blank_nested_input_is_none_if_nullable_and_else_missing(blank: Any) -> None:
    params, errors = parse({"middle": {"part": blank, "parts": blank}})
    assert errors == []
    assert params.middle == Middle(part=None, parts=None)

    assert parse({"middle": blank})[1] == [("middle", "missing_field")]
    assert parse({})[1] == [("middle", "missing_field")]


@pytest.mark.parametrize(
    ("middle", "errors"),
    [
        (5, [("middle", "invalid")]),
        ([], [("middle", "invalid")]),
        ("{}", [("middle", "invalid")]),
        ({"part": 5}, [("middle.part", "invalid")]),
        ({"part": {}}, [("middle.part.id", "missing_field")]),
        ({"part": {"id": None, "name": 5}}, [("middle.part.id", "missing_field"), ("middle.part.name", "invalid")]),
        ({"parts": {}}, [("middle.parts", "invalid")]),
        ({"parts": [{"id": 1}] * 4}, [("middle.parts", "invalid")]),
        (
            {"parts": [{"id": 1}, 5, {"id": "x"}], "ids": [1, "x"], "part": {}},
            [
                ("middle.part.id", "missing_field"),
                ("middle.parts[1]", "invalid"),
                ("middle.parts[2].id", "invalid"),
                ("middle.ids[1]", "invalid"),
            ],
        ),
        ({"parts": [None, "", []]}, [(f"middle.parts[{index}]", "invalid") for index in range(3)]),
    ],
)
def test_errors_of_nested_inputs_name_their_path(middle: Any, errors: list[tuple[str, str]]) -> None:
    assert parse({"middle": middle})[1] == errors


def test_valid_parts_beside_an_error_keep_their_index_for_the_rules() -> None:
    params, errors = inputs.parse(Whole, {"middle": {"parts": [5, {"id": 2, "name": 5}, {"id": 3}]}}, resource="Thing")

    assert params.middle
    assert params.middle.parts == [Part(), Part(id=2), Part(id=3)]
    assert errors.has("middle")
    assert errors.has("middle.parts[1]")
    assert not errors.has("middle.parts[2]")
    assert not errors.has("middle.part")
    errors.add("middle.parts[2].id", "missing")
    errors.discard("middle.parts[1]")
    with pytest.raises(ValidationFailed) as raised:
        errors.raise_if_any()
    assert [(error.field, error.code) for error in raised.value.errors] == [
        ("middle.parts[0]", "invalid"),
        ("middle.parts[2].id", "missing"),
    ]


def test_discarding_a_key_removes_the_errors_of_its_parts() -> None:
    _, errors = inputs.parse(Whole, {"middle": {"parts": [5, {}]}, "name": 5}, resource="Thing")
    errors.discard("middle.parts")

    assert errors.all() == [("name", "invalid")]


def test_a_nested_object_in_a_query_is_invalid() -> None:
    params, errors = inputs.parse(Whole, Query.of([("middle", '{"part": {"id": 1}}')]), resource="Thing")

    assert params.middle is UNSET
    assert errors.all() == [("middle", "invalid")]


def test_the_schema_contains_the_schemas_of_nested_inputs() -> None:
    schema = schema_of(Whole)["properties"]["middle"]

    assert (schema["type"], schema["description"]) == ("object", "In it.")
    part = {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
            "name": {"type": ["string", "null"], "maxLength": 255},
        },
        "required": ["id"],
        "description": "A part.",
    }
    assert schema["properties"]["part"] == part | {"type": ["object", "null"]}
    assert schema["properties"]["parts"] == {"type": ["array", "null"], "items": part, "maxItems": 3}


@given_any(st.dictionaries(st.sampled_from(["part", "parts", "ids"]), json_values | st.lists(json_values)))
def test_any_nested_value_is_parsed_or_an_error(middle: Any) -> None:
    params, errors = parse({"middle": middle})

    if not errors:
        msgspec.json.encode(params.middle)
