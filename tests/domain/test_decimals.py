"""Decimals as JSON numbers."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.domain.decimals import to_json_amount, to_json_number
from hourhook.domain.inputs.numbers import MAX_DECIMAL, DecimalField, ExactDecimalField, scale


@pytest.mark.parametrize(
    ("hundredths", "text"),
    [
        (4990, b"49.9"),
        (4999, b"49.99"),
        (1200, b"12.0"),
        (-350, b"-3.5"),
        (-300, b"-3.0"),
        (1, b"0.01"),
        (-1, b"-0.01"),
        (0, b"0.0"),
        (99_999_999_999_999, b"999999999999.99"),
        (100 * MAX_DECIMAL, b"1000000000000.0"),
    ],
)
def test_a_json_number_has_a_fraction_without_trailing_zeros(hundredths: int, text: bytes) -> None:
    assert msgspec.json.encode(to_json_number(hundredths)) == text


@given(st.integers(-100 * MAX_DECIMAL, 100 * MAX_DECIMAL))
def test_every_accepted_decimal_round_trips_through_json(hundredths: int) -> None:
    text = msgspec.json.encode(to_json_number(hundredths))

    assert re.fullmatch(rb"-?[0-9]+\.[0-9]{1,2}", text)
    assert DecimalField().parse(msgspec.json.decode(text)) == hundredths
    assert DecimalField().parse(text.decode()) == hundredths


@pytest.mark.parametrize(
    ("ten_thousandths", "text"),
    [(33_750, b"3.375"), (120_000, b"12.0"), (-1, b"-0.0001"), (499_900, b"49.99"), (0, b"0.0")],
)
def test_an_amount_has_the_digits_that_it_needs(ten_thousandths: int, text: bytes) -> None:
    assert msgspec.json.encode(to_json_amount(ten_thousandths)) == text


@given(st.integers(-1000 * MAX_DECIMAL, 1000 * MAX_DECIMAL))
def test_every_rate_with_three_digits_round_trips_through_json(thousandths: int) -> None:
    text = msgspec.json.encode(to_json_amount(10 * thousandths))

    assert re.fullmatch(rb"-?[0-9]+\.[0-9]{1,3}", text)
    for spelling in (msgspec.json.decode(text), text.decode()):
        assert scale(ExactDecimalField().parse(spelling), 3) == thousandths
