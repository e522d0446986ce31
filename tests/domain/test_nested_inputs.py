"""Inputs inside inputs: faults are named by the way to them, and what is right is read all the same."""

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
    """What is in the middle."""

    part: Annotated[Part, NestedField(Part)] | UnsetType | None = UNSET
    parts: Annotated[list[Part], NestedListField(Part, 3)] | UnsetType | None = UNSET
    ids: IdList | UnsetType = UNSET


class Whole(Inputs):
    """All of it."""

    required: ClassVar = ("middle",)
    name: Name | UnsetType = UNSET
    middle: Annotated[Middle, NestedField(Middle), "In it."] | UnsetType = UNSET


def read(raw: Any) -> tuple[Whole, list[tuple[str, str]]]:
    given, faults = inputs.parse(Whole, raw, resource="Thing")
    return given, faults.all()


def test_what_is_right_is_read_at_any_depth() -> None:
    given, faults = read({"middle": {"part": {"id": "5", "more": 1}, "parts": [{"number": 6, "name": " six "}]}})

    assert faults == []
    assert given.middle
    assert given.middle.part == Part(id=5)
    assert given.middle.parts == [Part(id=6, name="six")]


@pytest.mark.parametrize("blank", [None, ""])
def test_what_is_blank_is_none_where_it_may_be_and_missing_where_it_may_not(blank: Any) -> None:
    given, faults = read({"middle": {"part": blank, "parts": blank}})
    assert faults == []
    assert given.middle == Middle(part=None, parts=None)

    assert read({"middle": blank})[1] == [("middle", "missing_field")]
    assert read({})[1] == [("middle", "missing_field")]


@pytest.mark.parametrize(
    ("middle", "faults"),
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
        ({"parts": [None, "", []]}, [(f"middle.parts[{place}]", "invalid") for place in range(3)]),
    ],
)
def test_faults_are_named_by_the_way_to_them(middle: Any, faults: list[tuple[str, str]]) -> None:
    assert read({"middle": middle})[1] == faults


def test_what_is_right_beside_a_fault_is_there_for_the_rules_in_its_place() -> None:
    given, faults = inputs.parse(Whole, {"middle": {"parts": [5, {"id": 2, "name": 5}, {"id": 3}]}}, resource="Thing")

    assert given.middle
    assert given.middle.parts == [Part(), Part(id=2), Part(id=3)]
    assert faults.has("middle")
    assert faults.has("middle.parts[1]")
    assert not faults.has("middle.parts[2]")
    assert not faults.has("middle.part")
    faults.add("middle.parts[2].id", "missing")
    faults.discard("middle.parts[1]")
    with pytest.raises(ValidationFailed) as raised:
        faults.raise_if_any()
    assert [(error.field, error.code) for error in raised.value.errors] == [
        ("middle.parts[0]", "invalid"),
        ("middle.parts[2].id", "missing"),
    ]


def test_what_does_not_count_can_be_forgotten_whole() -> None:
    _, faults = inputs.parse(Whole, {"middle": {"parts": [5, {}]}, "name": 5}, resource="Thing")
    faults.discard("middle.parts")

    assert faults.all() == [("name", "invalid")]


def test_there_are_no_objects_in_a_query() -> None:
    given, faults = inputs.parse(Whole, Query.of([("middle", '{"part": {"id": 1}}')]), resource="Thing")

    assert given.middle is UNSET
    assert faults.all() == [("middle", "invalid")]


def test_parts_are_described_where_they_stand() -> None:
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
def test_any_value_at_any_depth_is_a_value_or_a_fault(middle: Any) -> None:
    given, faults = read({"middle": middle})

    if not faults:
        msgspec.json.encode(given.middle)
