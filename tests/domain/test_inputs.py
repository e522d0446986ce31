"""Parsing inputs: any request gives a value or an error (``docs/api/conventions.md#request-bodies``)."""

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
    """One input of every type."""

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
    """Inputs that are required or not nullable."""

    required: ClassVar = ("date", "minutes")
    aliases: ClassVar = {"users": "user_ids"}
    minutes: Minutes | UnsetType | None = UNSET
    date: Day | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    user_ids: IdList | UnsetType | None = UNSET


def errors_of(inputs_type: type[Inputs], raw: Any) -> list[tuple[str, str]]:
    _, errors = inputs.parse(inputs_type, raw, resource="Entry")
    try:
        errors.raise_if_any()
    except ValidationFailed as invalid:
        return [(error.field, error.code) for error in invalid.errors]
    return []


def parse_one(name: str, value: Any) -> Any:
    """Parse one input of a body; returns its value or its errors."""
    params, errors = inputs.parse(Everything, {name: value}, resource="Entry")
    if errors.has(name):
        return errors_of(Everything, {name: value})
    return getattr(params, name)


def parse_query(name: str, *texts: str) -> Any:
    """Parse one query parameter; returns its value or its errors."""
    query = Query.of([(name, text) for text in texts])
    params, errors = inputs.parse(Everything, query, resource="Entry")
    if errors.has(name):
        return errors_of(Everything, query)
    return getattr(params, name)


INVALID = "invalid"
SECONDS = 1_000_000


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
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
        ("day", "2024-W09-1", INVALID),
        ("day", "20240229", INVALID),
        ("day", "2024-02-29T", INVALID),
        ("day", "2024-02-29T25:00:00Z", INVALID),
        ("day", "2024-02-29T10:61", INVALID),
        ("day", "2024-02-29 and so on", INVALID),
        ("day", "2024-2-29T00:00:00Z", INVALID),
        ("day", "2024-02-30T00:00:00Z", INVALID),
        ("day", " 2024-02-29", INVALID),
        ("day", "２０２４-02-29", INVALID),
        ("day", "24-02-29", INVALID),
        ("day", "2024-002-29", INVALID),
        ("day", "29.2.2024", INVALID),
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
        ("email", "a@b..c", INVALID),
        ("email", "a@-x.org", INVALID),
        ("email", " jürgen@bücher.example ", "jürgen@bücher.example"),
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
def test_a_value_of_a_body_is_parsed_as_documented(name: str, value: Any, parsed: Any) -> None:
    assert parse_one(name, value) == ([(name, "invalid")] if parsed == INVALID else parsed)


@pytest.mark.parametrize("name", [field.name for field in fields_of(Everything)])
@pytest.mark.parametrize("blank", [None, ""])
def test_null_and_an_empty_string_clear_an_optional_input(name: str, blank: Any) -> None:
    assert parse_one(name, blank) is None


def test_whitespace_is_blank_in_a_body_and_a_filter_in_a_query() -> None:
    assert parse_one("text", " \t\n\u3000") is None
    assert parse_query("text", " ") == " "


@pytest.mark.parametrize("name", [field.name for field in fields_of(Everything)])
def test_an_empty_query_parameter_counts_as_absent(name: str) -> None:
    assert parse_query(name, "") is UNSET
    assert parse_query(name, "", "") is UNSET


def test_the_last_of_repeated_scalar_query_parameters_counts() -> None:
    assert parse_query("minutes", "1", "2") == 2
    assert parse_query("minutes", "x", "2") == 2


@pytest.mark.parametrize(
    "spelling",
    [
        "2024-02-09",
        "2024-2-9",
        "2024-02-9",
        "2024-02-09T00:30:00Z",
        "2024-02-09T23:30:00-12:00",
        "2024-02-09T23:30:00.123456789+0200",
        # A plus sign that was not percent-encoded.
        "2024-02-09T23:30:00 02:00",
        "2024-02-09 23:30:00",
        "2024-02-09t23:30z",
        "2024-02-09T23",
    ],
)
def test_a_date_has_several_spellings_in_bodies_and_queries(spelling: str) -> None:
    assert (parse_one("day", spelling), parse_query("day", spelling)) == ("2024-02-09", "2024-02-09")


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
def test_a_list_of_ids_in_a_query_has_several_spellings(pairs: list[tuple[str, str]]) -> None:
    params, errors = inputs.parse(Everything, Query.of(pairs), resource="Entry")

    errors.raise_if_any()
    assert params.ids == [1, 2, 3]


def test_errors_of_array_elements_name_their_index() -> None:
    assert errors_of(Everything, {"ids": [1, "x", None, 4, True], "names": ["a", 5]}) == [
        ("ids[1]", "invalid"),
        ("ids[2]", "invalid"),
        ("ids[4]", "invalid"),
        ("names[1]", "invalid"),
    ]


def test_the_readable_elements_of_an_array_are_validated_too() -> None:
    params, errors = inputs.parse(Strict, {"date": "2024-05-21", "minutes": 1, "user_ids": ["x", 7]}, resource="Entry")
    assert isinstance(params.user_ids, list)
    for index, id in enumerate(params.user_ids):
        if id != 8:
            errors.add(f"user_ids[{index}]", "missing")

    assert errors.all() == [("user_ids[0]", "invalid"), ("user_ids[1]", "missing")]


def test_all_errors_are_reported_in_the_order_of_the_declaration() -> None:
    assert errors_of(Strict, {"name": 5}) == [
        ("minutes", "missing_field"),
        ("date", "missing_field"),
        ("name", "invalid"),
    ]


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_value_of_a_non_nullable_input_is_missing(blank: Any) -> None:
    assert errors_of(Strict, {"date": "2024-05-21", "minutes": 1, "name": blank}) == [("name", "missing_field")]


def test_an_invalid_required_input_is_not_reported_as_missing_too() -> None:
    assert errors_of(Strict, {"date": "today", "minutes": None}) == [("minutes", "missing_field"), ("date", "invalid")]


def test_an_alias_counts_if_the_key_itself_is_absent() -> None:
    both = {"date": "2024-05-21", "minutes": 1, "users": [1], "user_ids": [2]}
    params, _ = inputs.parse(Strict, both, resource="Entry")
    assert params.user_ids == [2]

    params, _ = inputs.parse(Strict, {"users": [1]}, resource="Entry")
    assert params.user_ids == [1]

    params, _ = inputs.parse(Strict, Query.of([("users[]", "3")]), resource="Entry")
    assert params.user_ids == [3]


def test_errors_of_the_rules_join_those_of_parsing() -> None:
    params, errors = inputs.parse(Strict, {"date": "2024-05-21", "minutes": "x"}, resource="Entry")
    errors.add("user_ids[3]", "missing")
    errors.add("base", "archived_project")
    errors.add("base", "archived_project")
    assert errors.has("user_ids")

    with pytest.raises(ValidationFailed) as raised:
        errors.raise_if_any("It is archived.")

    assert [(error.field, error.code) for error in raised.value.errors] == [
        ("base", "archived_project"),
        ("minutes", "invalid"),
        ("user_ids[3]", "missing"),
    ]
    assert raised.value.message == "It is archived."
    assert params.minutes is UNSET


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
def test_any_value_of_any_input_is_parsed_or_an_error(name: str, value: Any) -> None:
    params, errors = inputs.parse(Everything, {name: value}, resource="Entry")
    parsed = getattr(params, name)
    if errors.has(name):
        assert parsed is UNSET or isinstance(parsed, list)
        with pytest.raises(ValidationFailed):
            errors.raise_if_any()
    if parsed is not UNSET:
        # A parsed value can be stored, compared and sent.
        msgspec.json.encode(parsed)
        json.dumps(parsed).encode()


@given_any(st.lists(st.tuples(st.sampled_from([*(field.name for field in fields_of(Everything)), "ids[]"]), texts)))
def test_any_query_is_parsed_or_an_error(pairs: list[tuple[str, str]]) -> None:
    params, errors = inputs.parse(Everything, Query.of(pairs), resource="Entry")
    for field in fields_of(Everything):
        if errors.has(field.name):
            assert getattr(params, field.name) is UNSET


@given_any(st.datetimes(timezones=st.timezones()))
def test_any_timestamp_with_an_offset_is_parsed_to_the_second(value: datetime) -> None:
    offset = value.strftime("%z")
    if len(offset) != 5:
        return
    text = f"{value.replace(tzinfo=None, microsecond=0).isoformat()}{offset}"
    try:
        expected = to_timestamp(datetime.fromisoformat(text))
        datetime.fromisoformat(text).astimezone(tz=None)
    except OverflowError:
        return
    assert parse_one("moment", text) in (expected, [("moment", "invalid")])
