"""Reading inputs: whatever comes, it is a value or a fault (contract, 00-conventions §4, §8, §17)."""

import json
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from hourhook.clock import to_timestamp
from hourhook.domain import inputs
from hourhook.domain.inputs import (
    UNSET,
    Boolean,
    Count,
    Day,
    Decimal2,
    DecimalFrom,
    DecimalTo,
    Email,
    HttpUri,
    Id,
    IdList,
    Inputs,
    Minutes,
    Moment,
    Name,
    NameList,
    Query,
    Text,
    UnsetType,
    Uri,
    choice,
    fields_of,
    integer_choice,
)
from hourhook.domain.inputs.lists import MAX_LIST_ITEMS
from hourhook.domain.inputs.numbers import MAX_DECIMAL, NONEXISTENT_ID, DecimalField, IntegerField
from hourhook.errors import ValidationFailed


class Everything(Inputs):
    """One input of every kind."""

    boolean: Boolean | UnsetType | None = UNSET
    count: Count | UnsetType | None = UNSET
    day: Day | UnsetType | None = UNSET
    decimal: Decimal2 | UnsetType | None = UNSET
    decimal_from: DecimalFrom | UnsetType | None = UNSET
    decimal_to: DecimalTo | UnsetType | None = UNSET
    percentage: Annotated[int, DecimalField(0, 100)] | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    id: Id | UnsetType | None = UNSET
    ids: IdList | UnsetType | None = UNSET
    integer: Annotated[int, IntegerField(-(2**63), 2**63 - 1)] | UnsetType | None = UNSET
    minutes: Minutes | UnsetType | None = UNSET
    moment: Moment | UnsetType | None = UNSET
    name: Name | UnsetType | None = UNSET
    names: NameList | UnsetType | None = UNSET
    text: Text | UnsetType | None = UNSET
    uri: Uri | UnsetType | None = UNSET
    web_uri: HttpUri | UnsetType | None = UNSET
    week_start: Annotated[str, choice("sunday", "monday", ignore_case=True)] | UnsetType | None = UNSET
    tag_filter_type: Annotated[str, choice("and", "combination of", any="combination of")] | UnsetType | None = UNSET
    increment: Annotated[int, integer_choice(1, 5, 15)] | UnsetType | None = UNSET


class Strict(Inputs):
    """What must be there, and what cannot be cleared."""

    required: ClassVar = ("date", "minutes")
    aliases: ClassVar = {"users": "user_ids"}
    minutes: Minutes | UnsetType | None = UNSET
    date: Day | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    user_ids: IdList | UnsetType | None = UNSET


def faults_of(inputs_type: type[Inputs], raw: Any) -> list[tuple[str, str]]:
    _, faults = inputs.parse(inputs_type, raw, resource="Entry")
    try:
        faults.raise_if_any()
    except ValidationFailed as invalid:
        return [(error.field, error.code) for error in invalid.errors]
    return []


def read_one(name: str, value: Any) -> Any:
    """The value of one input from a body, or its fault."""
    given, faults = inputs.parse(Everything, {name: value}, resource="Entry")
    if faults.has(name):
        return faults_of(Everything, {name: value})
    return getattr(given, name)


def asked(name: str, *texts: str) -> Any:
    """The value of one input from a query, or its fault."""
    query = Query.of([(name, text) for text in texts])
    given, faults = inputs.parse(Everything, query, resource="Entry")
    if faults.has(name):
        return faults_of(Everything, query)
    return getattr(given, name)


INVALID = "invalid"
SECONDS = 1_000_000


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("boolean", True, True),
        ("boolean", "false", False),
        ("boolean", "True", INVALID),
        ("boolean", 1, INVALID),
        ("boolean", 0, INVALID),
        ("boolean", [], INVALID),
        ("minutes", 60, 60),
        ("minutes", "60", 60),
        ("minutes", " 60 ", 60),
        ("minutes", 60.0, 60),
        ("minutes", 0, 0),
        ("minutes", 60.5, INVALID),
        ("minutes", "60.0", INVALID),
        ("minutes", -1, INVALID),
        ("minutes", True, INVALID),
        ("minutes", "6_0", INVALID),
        ("minutes", "\u0666\u0660", INVALID),
        ("minutes", 10**30, INVALID),
        ("minutes", "9" * 10_000, INVALID),
        ("minutes", 1e300, INVALID),
        ("minutes", {}, INVALID),
        ("id", 2**31 - 1, 2**31 - 1),
        ("id", 2**31, NONEXISTENT_ID),
        ("id", "99999999999999999999999999999999999999999999", NONEXISTENT_ID),
        ("id", "0", NONEXISTENT_ID),
        ("id", -1, NONEXISTENT_ID),
        ("id", "x", INVALID),
        ("id", 1.5, INVALID),
        ("id", True, INVALID),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", 2**63, INVALID),
        ("integer", -(2**63), -(2**63)),
        ("integer", -(2**63) - 1, INVALID),
        ("decimal", 12.5, 1250),
        ("decimal", "12.50", 1250),
        ("decimal", 12, 1200),
        ("decimal", -0.01, -1),
        ("decimal", 0.1 + 0.2, 30),
        ("decimal", 1e-320, 0),
        ("decimal", 12.344, 1234),
        ("decimal", 12.345, 1235),
        ("decimal", 1.005, 101),
        ("decimal", -1.005, -101),
        ("decimal", "-0.004", 0),
        ("decimal", "0.004999999999999999999999999999999999999", 0),
        ("decimal", ".5", 50),
        ("decimal", "12.", 1200),
        ("decimal", " +12 ", 1200),
        ("decimal", 1e2, 10_000),
        ("decimal", "999999999999.99", 99_999_999_999_999),
        ("decimal", 999999999999.99, 99_999_999_999_999),
        ("decimal", MAX_DECIMAL, 100 * MAX_DECIMAL),
        ("decimal", -MAX_DECIMAL, -100 * MAX_DECIMAL),
        ("decimal", "1000000000000.01", INVALID),
        ("decimal", -(10**12) - 1, INVALID),
        ("decimal", 10**40, INVALID),
        ("decimal", float("nan"), INVALID),
        ("decimal", float("-inf"), INVALID),
        ("decimal", "1e5", INVALID),
        ("decimal", "12,50", INVALID),
        ("decimal", "$12", INVALID),
        ("decimal", "1_000", INVALID),
        ("decimal", "\u0661", INVALID),
        ("decimal", " ", INVALID),
        ("decimal", [], INVALID),
        ("decimal_from", "12.341", 1235),
        ("decimal_from", -12.341, -1234),
        ("decimal_from", "12.34", 1234),
        ("decimal_to", "12.349", 1234),
        ("decimal_to", -12.341, -1235),
        ("decimal_to", "12.34", 1234),
        ("decimal_from", "99999999999999999999.999", 10**17),
        ("decimal_to", -1e300, -(10**17)),
        ("decimal_from", "1e3", INVALID),
        ("percentage", "100", 10_000),
        ("percentage", 7.7, 770),
        ("percentage", 100.004, INVALID),
        ("percentage", -0.01, INVALID),
        ("decimal", "NaN", INVALID),
        ("decimal", 1e300, INVALID),
        ("decimal", False, INVALID),
        ("day", "2024-02-29", "2024-02-29"),
        ("day", "2023-02-29", INVALID),
        ("day", "0000-01-01", INVALID),
        ("day", "0001-01-01", "0001-01-01"),
        ("day", "9999-12-31", "9999-12-31"),
        ("day", "10000-01-01", INVALID),
        ("day", "2024-2-9", INVALID),
        ("day", "2024-W09-1", INVALID),
        ("day", "20240229", INVALID),
        ("day", "2024-02-29T00:00:00Z", INVALID),
        ("day", 20240229, INVALID),
        ("moment", "2024-05-21T10:05:00Z", to_timestamp(datetime.fromisoformat("2024-05-21T10:05:00+00:00"))),
        ("moment", "2024-05-21T12:05:00+02:00", to_timestamp(datetime.fromisoformat("2024-05-21T10:05:00+00:00"))),
        ("moment", "2024-05-21T12:05:00 02:00", to_timestamp(datetime.fromisoformat("2024-05-21T10:05:00+00:00"))),
        ("moment", "2024-05-21t05:05:00-0500", to_timestamp(datetime.fromisoformat("2024-05-21T10:05:00+00:00"))),
        ("moment", "2024-05-21T10:05:00.999999Z", to_timestamp(datetime.fromisoformat("2024-05-21T10:05:00+00:00"))),
        ("moment", "2024-05-21T10:05:00", INVALID),
        ("moment", "2024-05-21", INVALID),
        ("moment", "2024-05-21T24:00:00Z", INVALID),
        ("moment", "2024-05-21T10:05:00+99:99", INVALID),
        ("moment", "0001-01-01T00:00:00+01:00", INVALID),
        ("moment", "9999-12-31T23:59:59-01:00", INVALID),
        ("moment", 1716285900, INVALID),
        ("name", "  Website relaunch ", "Website relaunch"),
        ("name", "   ", None),
        ("name", "x" * 255, "x" * 255),
        ("name", "x" * 256, INVALID),
        ("name", "two\nlines", INVALID),
        ("name", "bell\x07", INVALID),
        ("name", 5, INVALID),
        ("text", "two\nlines ", "two\nlines "),
        ("text", "zero\x00", INVALID),
        ("text", "half \ud800", INVALID),
        ("text", "x" * 65_536, INVALID),
        ("text", "'; DROP TABLE entries; --", "'; DROP TABLE entries; --"),
        ("uri", "https://git.example.com/c/8f3a?x=1#y", "https://git.example.com/c/8f3a?x=1#y"),
        ("uri", "mailto:ada@example.com", "mailto:ada@example.com"),
        ("uri", "/relative", INVALID),
        ("uri", "JavaScript:alert(1)", INVALID),
        ("uri", "data:text/html,x", INVALID),
        ("uri", "https://x/a b", INVALID),
        ("uri", "https://x/\r\nX: 1", INVALID),
        ("uri", "https://x/" + "y" * 2048, INVALID),
        ("web_uri", "http://hooks.example.com", "http://hooks.example.com"),
        ("web_uri", "ftp://hooks.example.com", INVALID),
        ("web_uri", "http://", INVALID),
        ("email", "ada@example.com", "ada@example.com"),
        ("email", "ada", INVALID),
        ("email", "a@b@c", INVALID),
        ("email", "a b@c", INVALID),
        ("week_start", "MONDAY", "monday"),
        ("week_start", "tuesday", INVALID),
        ("tag_filter_type", "any", "combination of"),
        ("tag_filter_type", "AND", INVALID),
        ("increment", 15, 15),
        ("increment", "5", 5),
        ("increment", 2, INVALID),
        ("ids", [1, "2", 3.0], [1, 2, 3]),
        ("ids", "1, 2,,3,", [1, 2, 3]),
        ("ids", [], []),
        ("ids", [0, -5, 10**30, 2**31], [NONEXISTENT_ID] * 4),
        ("ids", 5, INVALID),
        ("ids", "1,x", INVALID),
        ("ids", list(range(MAX_LIST_ITEMS + 1)), INVALID),
        ("ids", {"0": 1}, INVALID),
        ("names", ["#planning", "design*"], ["#planning", "design*"]),
        ("names", "one, two", ["one", "two"]),
        ("names", ["one, two"], ["one, two"]),
        ("names", ["", "x"], ["", "x"]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_value_of_a_body_is_read_as_the_contract_says(name: str, value: Any, read: Any) -> None:
    assert read_one(name, value) == ([(name, "invalid")] if read == INVALID else read)


@pytest.mark.parametrize("name", [field.name for field in fields_of(Everything)])
@pytest.mark.parametrize("blank", [None, ""])
def test_null_and_an_empty_text_clear_what_is_optional(name: str, blank: Any) -> None:
    assert read_one(name, blank) is None


def test_a_text_of_nothing_but_whitespace_is_blank_and_may_be_looked_for() -> None:
    assert read_one("text", " \t\n\u3000") is None
    assert asked("text", " ") == " "


@pytest.mark.parametrize("name", [field.name for field in fields_of(Everything)])
def test_an_empty_value_of_a_query_is_as_if_absent(name: str) -> None:
    assert asked(name, "") is UNSET
    assert asked(name, "", "") is UNSET


def test_of_a_scalar_that_is_given_twice_the_last_counts() -> None:
    assert asked("minutes", "1", "2") == 2
    assert asked("minutes", "x", "2") == 2


@pytest.mark.parametrize(
    "pairs",
    [
        [("ids", "1,2,3")],
        [("ids", "1"), ("ids", "2"), ("ids", "3")],
        [("ids[]", "1"), ("ids[]", "2"), ("ids[]", "3")],
        [("ids", "1, 2"), ("ids[]", ""), ("ids[]", "3")],
    ],
    ids=str,
)
def test_a_list_of_ids_has_many_spellings(pairs: list[tuple[str, str]]) -> None:
    given, faults = inputs.parse(Everything, Query.of(pairs), resource="Entry")

    faults.raise_if_any()
    assert given.ids == [1, 2, 3]


def test_elements_of_an_array_are_named_by_their_place() -> None:
    assert faults_of(Everything, {"ids": [1, "x", None, 4, True], "names": ["a", 5]}) == [
        ("ids[1]", "invalid"),
        ("ids[2]", "invalid"),
        ("ids[4]", "invalid"),
        ("names[1]", "invalid"),
    ]


def test_what_can_be_read_of_an_array_is_judged_beside_what_cannot() -> None:
    given, faults = inputs.parse(Strict, {"date": "2024-05-21", "minutes": 1, "user_ids": ["x", 7]}, resource="Entry")
    assert isinstance(given.user_ids, list)
    for place, id in enumerate(given.user_ids):
        if id != 8:
            faults.add(f"user_ids[{place}]", "missing")

    assert faults.all() == [("user_ids[0]", "invalid"), ("user_ids[1]", "missing")]


def test_what_is_missing_and_what_is_wrong_is_reported_together_in_the_order_of_the_declaration() -> None:
    assert faults_of(Strict, {"name": 5}) == [
        ("minutes", "missing_field"),
        ("date", "missing_field"),
        ("name", "invalid"),
    ]


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_what_cannot_be_cleared_is_missing_when_it_is_blank(blank: Any) -> None:
    assert faults_of(Strict, {"date": "2024-05-21", "minutes": 1, "name": blank}) == [("name", "missing_field")]


def test_a_required_input_that_cannot_be_read_is_not_missing_too() -> None:
    assert faults_of(Strict, {"date": "today", "minutes": None}) == [("minutes", "missing_field"), ("date", "invalid")]


def test_an_alias_counts_where_the_key_itself_is_absent() -> None:
    both = {"date": "2024-05-21", "minutes": 1, "users": [1], "user_ids": [2]}
    given, _ = inputs.parse(Strict, both, resource="Entry")
    assert given.user_ids == [2]

    given, _ = inputs.parse(Strict, {"users": [1]}, resource="Entry")
    assert given.user_ids == [1]

    given, _ = inputs.parse(Strict, Query.of([("users[]", "3")]), resource="Entry")
    assert given.user_ids == [3]


def test_what_the_rules_find_joins_what_reading_found() -> None:
    given, faults = inputs.parse(Strict, {"date": "2024-05-21", "minutes": "x"}, resource="Entry")
    faults.add("user_ids[3]", "missing")
    faults.add("base", "archived_project")
    faults.add("base", "archived_project")
    assert faults.has("user_ids")

    with pytest.raises(ValidationFailed) as raised:
        faults.raise_if_any("It is archived.")

    assert [(error.field, error.code) for error in raised.value.errors] == [
        ("base", "archived_project"),
        ("minutes", "invalid"),
        ("user_ids[3]", "missing"),
    ]
    assert raised.value.message == "It is archived."
    assert given.minutes is UNSET


texts = st.text(st.characters(), max_size=30)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | texts
    | st.dates().map(str)
    | st.datetimes().map(lambda value: value.isoformat() + "Z")
    | st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", fullmatch=True),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=8,
)


@given_any(st.sampled_from([field.name for field in fields_of(Everything)]), json_values)
def test_any_value_in_any_field_is_a_value_or_a_fault(name: str, value: Any) -> None:
    given, faults = inputs.parse(Everything, {name: value}, resource="Entry")
    read = getattr(given, name)
    if faults.has(name):
        assert read is UNSET or isinstance(read, list)
        with pytest.raises(ValidationFailed):
            faults.raise_if_any()
    if read is not UNSET:
        # Whatever was read can be kept, compared and sent on.
        msgspec.json.encode(read)
        json.dumps(read).encode()


@given_any(st.lists(st.tuples(st.sampled_from([*(field.name for field in fields_of(Everything)), "ids[]"]), texts)))
def test_any_query_is_a_value_or_a_fault(pairs: list[tuple[str, str]]) -> None:
    given, faults = inputs.parse(Everything, Query.of(pairs), resource="Entry")
    for field in fields_of(Everything):
        if faults.has(field.name):
            assert getattr(given, field.name) is UNSET


@given_any(st.datetimes(timezones=st.timezones()))
def test_any_timestamp_with_an_offset_is_its_moment_to_the_second(value: datetime) -> None:
    offset = value.strftime("%z")
    if len(offset) != 5:
        return
    text = f"{value.replace(tzinfo=None, microsecond=0).isoformat()}{offset}"
    try:
        expected = to_timestamp(datetime.fromisoformat(text))
        datetime.fromisoformat(text).astimezone(tz=None)
    except OverflowError:
        return
    assert read_one("moment", text) in (expected, [("moment", "invalid")])
