import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.clock import SECOND
from hourhook.delivery.transports.outcomes import HEADERS_LIMIT_BYTES, Outcome, parse_retry_after, truncate_headers

NOW = 1_714_552_200 * SECOND  # Wed, 01 May 2024 08:30:00 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Wed, 01 May 2024 08:31:00 GMT", 60),
        ("Wed, 01 May 2024 08:31:00 -0000", 60),
        ("Wednesday, 01-May-24 08:31:00 GMT", 60),
        ("Wed, 01 May 2024 08:00:00 GMT", 0),
    ],
)
def test_retry_after_is_parsed_as_seconds_or_a_date(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "-5",
        "1.5",
        "1e9",
        "٣",
        "9" * 40,
        "9" * 100_000,
        "Wed, 99 May 2024 08:31:00 GMT",
        "Wed, 01 May",
        "\x00",
    ],
)
def test_an_implausible_retry_after_is_none(value: str) -> None:
    assert parse_retry_after(value, NOW) is None


@given(st.text(max_size=80))
def test_parse_retry_after_never_raises(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


def test_headers_are_truncated_at_the_first_that_does_not_fit() -> None:
    headers = [("a", "b"), ("c", "d" * HEADERS_LIMIT_BYTES), ("e", "f")]
    assert truncate_headers(headers) == (("a", "b"),)


@pytest.mark.parametrize(("status", "is_gone"), [(410, True), (404, False), (None, False)])
def test_410_is_gone(status: int | None, is_gone: bool) -> None:
    assert Outcome(status, "status", NOW, 1).is_gone is is_gone
