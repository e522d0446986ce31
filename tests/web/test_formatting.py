"""The formatting of amounts, dates and durations."""

from decimal import Decimal

import pytest

from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.web.formatting import LocaleFormatter
from hourhook.web.paid_stamp import PAID_STAMPS, paid_stamp

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("locale", "currency", "symbol", "hundredths", "expected"),
    [
        ("en-US", "USD", "$", 123_456_789, "$1,234,567.89"),
        ("en-US", "USD", "$", -500, "-$5.00"),
        ("en-US", "USD", "$", 5, "$0.05"),
        ("en-GB", "GBP", "£", 1000, "£10.00"),
        ("de", "EUR", "€", 123_450, f"1.234,50{NBSP}€"),
        ("fr", "EUR", "€", 123_450, f"1{NARROW}234,50{NBSP}€"),
        ("de-CH", "CHF", "SFr.", 123_450, f"SFr.{NBSP}1’234.50"),
        ("hi-IN", "INR", "₹", 12_345_678_900, "₹12,34,56,789.00"),
        ("ja", "JPY", "¥", 123_400, "¥1,234"),
        ("is", "ISK", "kr", 123_400, f"1.234{NBSP}kr"),
        # The minus sign is that of the locale, and precedes the number in both directions.
        ("sv-SE", "SEK", "kr", -123_450, f"\N{MINUS SIGN}1{NBSP}234,50{NBSP}kr"),
        ("ar", "EGP", "£", -123_450, f"\u200f\u200e-1,234.50{NBSP}£"),
        ("fa", "IRR", "﷼", -123_400, f"\u200e\N{MINUS SIGN}\u200e﷼{NBSP}۱٬۲۳۴"),
        # A fraction is shown even if the currency usually has none.
        ("ja", "JPY", "¥", 123_450, "¥1,234.50"),
        ("en", "KWD", "KD", 123_450, f"KD{NBSP}1,234.500"),
        # The symbol is free text.
        ("en-US", "USD", "bananas", 100, f"bananas{NBSP}1.00"),
        ("de", "EUR", "Taler'¤", 100, f"1,00{NBSP}Taler'¤"),
        ("en-US", "USD", "¤", 100, "¤1.00"),
        ("en-US", "USD", "'", 100, "'" + NBSP + "1.00"),
        ("en-US", "USD", "<b>", 100, "<b>1.00"),
        ("fi", "EUR", "E-", -100, f"\N{MINUS SIGN}1,00{NBSP}E-"),
        ("fa", "IRR", "﷼", 123_400, f"\u200e﷼{NBSP}۱٬۲۳۴"),
    ],
)
def test_an_amount_is_formatted_for_its_locale_and_currency(
    locale: str, currency: str, symbol: str, hundredths: int, expected: str
) -> None:
    assert LocaleFormatter(locale, currency, symbol, [hundredths]).amount(hundredths) == expected


def test_all_amounts_have_fraction_digits_if_one_needs_them() -> None:
    formatter = LocaleFormatter("ja", "JPY", "¥", [100, 150])

    assert [formatter.amount(100), formatter.amount(150)] == ["¥1.00", "¥1.50"]


def test_an_amount_of_any_size_is_exact() -> None:
    formatter = LocaleFormatter("en", "USD", "$")

    assert formatter.amount(10**15 + 1) == "$10,000,000,000,000.01"
    assert formatter.amount(10**24 + 1) == f"${Decimal(10**24 + 1).scaleb(-2):,}"


@pytest.mark.parametrize(
    ("locale", "hundredths", "expected"),
    [("en", 2000, "20%"), ("en", 1950, "19.5%"), ("de", 775, f"7,75{NBSP}%"), ("en", 0, "0%"), ("tr", 1800, "%18")],
)
def test_a_percentage_has_as_many_fraction_digits_as_needed(locale: str, hundredths: int, expected: str) -> None:
    assert LocaleFormatter(locale, "EUR", "€").percentage(hundredths) == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en-US", "June 1, 2024"),
        ("en-GB", "1 June 2024"),
        ("de", "1. Juni 2024"),
        ("ja", "2024年6月1日"),
        ("zh-TW", "2024年6月1日"),
        ("ar", "1 يونيو 2024"),
        ("fa", "۱ ژوئن ۲۰۲۴"),
        ("bn-IN", "১ জুন, ২০২৪"),
        ("sr", "1. јун 2024."),
        ("sr-Latn", "1. jun 2024."),
    ],
)
def test_a_date_is_formatted_with_the_name_of_its_month(locale: str, expected: str) -> None:
    assert LocaleFormatter(locale, "EUR", "€").day("2024-06-01") == expected


@pytest.mark.parametrize(
    ("locale", "minutes", "expected"),
    [
        ("en", 0, f"0{NBSP}min"),
        ("en", 45, f"45{NBSP}min"),
        ("en", 60, f"1{NBSP}hr"),
        ("en", 750, f"12{NBSP}hr{NBSP}30{NBSP}min"),
        ("en", 60 * 1234 + 5, f"1,234{NBSP}hr{NBSP}5{NBSP}min"),
        ("de", 750, f"12{NBSP}Std.{NBSP}30{NBSP}Min."),
        ("ja", 750, f"12{NBSP}時間{NBSP}30{NBSP}分"),
    ],
)
def test_a_duration_is_hours_and_minutes(locale: str, minutes: int, expected: str) -> None:
    assert LocaleFormatter(locale, "EUR", "€").duration(minutes) == expected


@pytest.mark.parametrize("locale", LOCALE_CURRENCIES)
def test_every_locale_formats_all_values(locale: str) -> None:
    currency = LOCALE_CURRENCIES[locale]
    formatter = LocaleFormatter(locale, currency, CURRENCIES[currency].symbol, [123_456])
    amount, duration = formatter.amount(123_456), formatter.duration(754)

    assert CURRENCIES[currency].symbol in amount
    assert "¤" not in amount
    assert digits_of(amount)[:6] == "123456"
    assert digits_of(duration) == "1234"
    assert "duration" not in duration
    assert "2024" in digits_of(formatter.day("2024-06-01"))
    assert digits_of(formatter.percentage(1950)) == "195"
    assert formatter.direction == ("rtl" if locale in ("ar", "fa", "he") else "ltr")
    assert locale == "en" or locale.startswith("en-") or paid_stamp(locale) != PAID_STAMPS["en"]


@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_currency_is_formatted(currency: str) -> None:
    symbol = CURRENCIES[currency].symbol
    formatter = LocaleFormatter("en-US", currency, symbol, [123_456])

    assert digits_of(formatter.amount(123_456))[:6] == "123456"
    assert symbol in formatter.amount(123_456)
    assert formatter.currency_name


@pytest.mark.parametrize(
    ("locale", "expected"), [("de-XX", "1. Juni 2024"), ("xx", "June 1, 2024"), ("", "June 1, 2024")]
)
def test_an_unknown_locale_falls_back_to_its_language_or_english(locale: str, expected: str) -> None:
    assert LocaleFormatter(locale, "EUR", "€").day("2024-06-01") == expected


def digits_of(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())
