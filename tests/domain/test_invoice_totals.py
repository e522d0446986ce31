"""The totals of invoices."""

from typing import Any

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from hourhook.domain.decimals import HUNDREDTH, to_json_amount
from hourhook.domain.invoices.currencies import CURRENCIES, format_amount, fraction_digits, smallest_unit
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.domain.invoices.numbering import increment_reference, new_share_token
from hourhook.domain.invoices.totals import (
    CUSTOM,
    FLAT,
    METHODS,
    STANDARD,
    Amounts,
    Rates,
    calculate_totals,
    price_hours,
)
from tests.support.invoice_amounts import calculate_totals as calculate_plainly


def test_hours_cost_the_standard_rate() -> None:
    assert price_hours(Rates(STANDARD, 8000), {1: 90, 2: 30}) == 16_000


def test_custom_rates_apply_to_their_users_with_that_method_only() -> None:
    assert price_hours(Rates(CUSTOM, 8000, {2: 10_000}), {1: 60, 2: 60}) == 18_000
    assert price_hours(Rates(STANDARD, 8000, {2: 10_000}), {1: 60, 2: 60}) == 16_000


def test_a_flat_rate_does_not_depend_on_the_hours() -> None:
    assert (
        price_hours(Rates(FLAT, 8000, {}, 400_000), {1: 60}) == price_hours(Rates(FLAT, 0, {}, 400_000), {}) == 400_000
    )


@pytest.mark.parametrize(
    ("minutes", "rate", "cost"),
    [
        (1, 30, 1),  # half a cent
        (1, 29, 0),
        (1, 90, 2),
        (20, 1000, 333),
        (40, 1000, 667),
        (0, 1000, 0),
        (10_000_000, 10**14, 16_666_666_666_666_666_667),
    ],
)
def test_halves_of_a_cent_are_rounded_up(minutes: int, rate: int, cost: int) -> None:
    assert price_hours(Rates(STANDARD, rate), {1: minutes}) == cost


def test_the_cost_is_rounded_per_user_not_per_entry_or_in_total() -> None:
    # 20 and 20 minutes at 10.00: 6.67 for one who worked both, 3.33 and 3.33 for two.
    assert price_hours(Rates(STANDARD, 1000), {1: 40}) == 667
    assert price_hours(Rates(STANDARD, 1000), {1: 20, 2: 20}) == 666


def test_a_currency_without_hundredths_is_rounded_to_whole_units() -> None:
    yen = smallest_unit("JPY")
    amounts = calculate_totals(Rates(STANDARD, 10_005_000), {1: 60, 2: 30}, percentages=[1000], smallest_unit=yen)

    # 1000.50 is 1001, 500.25 is 500; a tenth of 1501 is 150.1.
    assert amounts == Amounts(15_010_000, 0, 1_500_000, 16_510_000)


def test_a_currency_with_thousandths_is_rounded_to_them() -> None:
    dinar = smallest_unit("KWD")
    amounts = calculate_totals(Rates(STANDARD, 101_250), {1: 20}, percentages=[750], smallest_unit=dinar)

    # A third of 10.125 is 3.375; 7.5 percent of it are 0.253125.
    assert amounts == Amounts(33_750, 0, 2_530, 36_280)


def test_taxes_are_not_compounded_and_each_is_rounded() -> None:
    amounts = calculate_totals(
        Rates(STANDARD, 0), {}, taxable_expenses=105, taxfree_expenses=50, percentages=[1000, 1000, 0, 250]
    )

    # A tenth of 1.05 is 0.105, so 0.11 twice; 2.5 percent are 0.02625.
    assert amounts == Amounts(105, 50, 11 + 11 + 0 + 3, 105 + 50 + 25)


def test_refunds_are_taxed_and_rounded_away_from_zero_too() -> None:
    assert calculate_totals(Rates(STANDARD), {}, taxable_expenses=-105, percentages=[1000]) == Amounts(
        -105, 0, -11, -116
    )


rates_of = st.builds(
    lambda method, standard, custom, flat: {
        "calculation_method": method,
        "standard_hourly_rate": standard,
        "custom_hourly_rates": custom,
        "flat_rate": flat,
    },
    st.sampled_from(METHODS),
    st.integers(0, 100_000),
    st.dictionaries(st.integers(1, 4), st.integers(0, 100_000)),
    st.integers(-1_000_000, 1_000_000),
)


@given(
    rates_of,
    st.sampled_from(["USD", "JPY", "KWD"]),
    st.lists(st.integers(0, 10_000), max_size=4),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6_000), st.booleans()), max_size=8),
    st.lists(st.tuples(st.integers(-1_000_000, 1_000_000), st.booleans()), max_size=6),
)
def test_totals_equal_a_plain_calculation_with_decimals(
    rates: dict[str, Any],
    currency: str,
    percentages: list[int],
    entries: list[tuple[int, int, bool]],
    expenses: list[tuple[int, bool]],
) -> None:
    minutes: dict[int, int] = {}
    for user, worked, billable in entries:
        if billable:
            minutes[user] = minutes.get(user, 0) + worked
    amounts = calculate_totals(
        Rates(**rates),
        minutes,
        taxable_expenses=sum(price for price, taxable in expenses if taxable) * HUNDREDTH,
        taxfree_expenses=sum(price for price, taxable in expenses if not taxable) * HUNDREDTH,
        percentages=percentages,
        smallest_unit=smallest_unit(currency),
    )

    plain = calculate_plainly(
        {
            "calculation_method": rates["calculation_method"],
            "standard_hourly_rate": to_json_amount(rates["standard_hourly_rate"]),
            "custom_hourly_rates": [
                {"user": user, "hourly_rate": to_json_amount(rate)}
                for user, rate in rates["custom_hourly_rates"].items()
                if rates["calculation_method"] == CUSTOM
            ],
            "flat_rate": to_json_amount(rates["flat_rate"]),
        },
        currency,
        [{"percentage": percentage / 100} for percentage in percentages],
        [{"user": {"id": user}, "minutes": worked, "billable": billable} for user, worked, billable in entries],
        [{"price": price / 100, "taxable": taxable} for price, taxable in expenses],
    )
    assert amounts == Amounts(*(round(amount * 10_000) for amount in plain.values()))


@pytest.mark.parametrize(
    ("amount", "symbol", "code", "text"),
    [
        (1_864_800, "$", "USD", "$186.48"),
        (-50_000, "$", "USD", "-$5.00"),
        (0, "", "EUR", "0.00"),
        (500, "\u20ac", "EUR", "\u20ac0.05"),
        (-500, "Fr", "CHF", "-Fr0.05"),
        (12_345_678_901_200, "R$", "BRL", "R$1,234,567,890.12"),
        (15_010_000, "\u00a5", "JPY", "\u00a51,501"),
        (105_000, "kr", "ISK", "kr11"),
        (-105_000, "kr", "ISK", "-kr11"),
        (12_345_033_750, "KD", "KWD", "KD1,234,503.375"),
        (0, "KD", "KWD", "KD0.000"),
    ],
)
def test_amounts_are_formatted_with_the_decimals_of_their_currency(
    amount: int, symbol: str, code: str, text: str
) -> None:
    assert format_amount(amount, symbol, code) == text


# ISO 4217, and where the CLDR has other digits, which are those of daily life.
WITHOUT_DIGITS = (
    "BIF", "BYR", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF",
)  # fmt: skip
WITH_THREE_DIGITS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")


def test_every_currency_has_the_digits_of_iso_4217() -> None:
    exceptions = {**dict.fromkeys(WITHOUT_DIGITS, 0), **dict.fromkeys(WITH_THREE_DIGITS, 3)}
    assert {code: fraction_digits(code) for code in CURRENCIES} == {
        code: exceptions.get(code, 2) for code in CURRENCIES
    }
    assert (fraction_digits("VUV"), fraction_digits("CLF"), fraction_digits("UYW")) == (0, 4, 4)
    for code in CURRENCIES:
        assert fraction_digits(code) == get_currency_precision(code) or get_currency_precision(code) == 0


def test_every_locale_suggests_a_known_currency() -> None:
    assert len(LOCALE_CURRENCIES) == 62
    assert len(CURRENCIES) == 158
    assert {*LOCALE_CURRENCIES.values()} <= {*CURRENCIES}
    assert all(currency.name and currency.symbol for currency in CURRENCIES.values())


@pytest.mark.parametrize(
    ("reference", "following"),
    [
        ("0001", "0002"),
        ("NW-0099", "NW-0100"),
        ("NW-9999", "NW-10000"),
        ("7", "8"),
        ("2024/009", "2024/010"),
        ("A1-009", "A1-010"),
        ("9" * 255, "1" + "0" * 255),
    ],
)
def test_the_next_reference_keeps_leading_zeros(reference: str, following: str) -> None:
    assert increment_reference(reference) == following


def test_share_tokens_are_25_lower_case_letters_and_digits_and_unique() -> None:
    tokens = {new_share_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(len(token) == 25 and token.isalnum() and token == token.lower() for token in tokens)
