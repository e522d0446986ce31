"""The formatting of amounts, dates and durations."""

import pytest

from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.web.formatting import LocaleFormatter
from hourhook.web.paid_stamp import PAID_STAMPS, paid_stamp

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("locale", "currency", "symbol", "amount", "expected"),
    [
        ("en-US", "USD", "$", 12_345_678_900, "$1,234,567.89"),
        ("en-US", "USD", "$", -50_000, "-$5.00"),
        ("en-US", "USD", "$", 500, "$0.05"),
        ("en-GB", "GBP", "£", 100_000, "£10.00"),
        ("de", "EUR", "€", 12_345_000, f"1.234,50{NBSP}€"),
        ("fr", "EUR", "€", 12_345_000, f"1{NARROW}234,50{NBSP}€"),
        ("de-CH", "CHF", "SFr.", 12_345_000, f"SFr.{NBSP}1’234.50"),
        ("hi-IN", "INR", "₹", 1_234_567_890_000, "₹12,34,56,789.00"),
        ("ja", "JPY", "¥", 12_340_000, "¥1,234"),
        ("is", "ISK", "kr", 12_340_000, f"1.234{NBSP}kr"),
        # The minus sign is that of the locale, and precedes the number in both directions.
        ("sv-SE", "SEK", "kr", -12_345_000, f"\N{MINUS SIGN}1{NBSP}234,50{NBSP}kr"),
        ("ar", "EGP", "£", -12_345_000, f"\u200f\u200e-1,234.50{NBSP}£"),
        ("fa", "IRR", "﷼", -12_340_000, f"\u200e\N{MINUS SIGN}\u200e﷼{NBSP}۱٬۲۳۴٫۰۰"),
        # A fraction is shown even if the currency usually has none.
        ("ja", "JPY", "¥", 12_345_000, "¥1,234.50"),
        ("en", "KWD", "KD", 12_345_000, f"KD{NBSP}1,234.500"),
        ("en", "KWD", "KD", 33_750, f"KD{NBSP}3.375"),
        # The digits are those of ISO 4217, although hardly anybody uses them.
        ("hu", "HUF", "Ft", 12_340_000, f"1{NBSP}234,00{NBSP}Ft"),
        ("en", "CLF", "UF", 12_345, f"UF{NBSP}1.2345"),
        # The symbol is free text.
        ("en-US", "USD", "bananas", 10_000, f"bananas{NBSP}1.00"),
        ("de", "EUR", "Taler'¤", 10_000, f"1,00{NBSP}Taler'¤"),
        ("en-US", "USD", "¤", 10_000, "¤1.00"),
        ("en-US", "USD", "'", 10_000, "'" + NBSP + "1.00"),
        ("en-US", "USD", "<b>", 10_000, "<b>1.00"),
        ("fi", "EUR", "E-", -10_000, f"\N{MINUS SIGN}1,00{NBSP}E-"),
        ("fa", "IRR", "﷼", 12_340_000, f"\u200e﷼{NBSP}۱٬۲۳۴٫۰۰"),
    ],
)
def test_an_amount_is_formatted_for_its_locale_and_currency(
    locale: str, currency: str, symbol: str, amount: int, expected: str
) -> None:
    assert LocaleFormatter(locale, currency, symbol, [amount]).amount(amount) == expected


def test_all_amounts_have_fraction_digits_if_one_needs_them() -> None:
    formatter = LocaleFormatter("ja", "JPY", "¥", [10_000, 15_000])

    assert [formatter.amount(10_000), formatter.amount(15_000)] == ["¥1.00", "¥1.50"]


def test_an_amount_of_any_size_is_exact() -> None:
    formatter = LocaleFormatter("en", "USD", "$")

    assert formatter.amount(10**17 + 100) == "$10,000,000,000,000.01"
    assert formatter.amount(10**24 + 100) == f"${10**20:,}.01"


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
    formatter = LocaleFormatter(locale, currency, CURRENCIES[currency].symbol, [12_345_600])
    amount, duration = formatter.amount(12_345_600), formatter.duration(754)

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
    formatter = LocaleFormatter("en-US", currency, symbol, [12_345_600])

    assert digits_of(formatter.amount(12_345_600))[:6] == "123456"
    assert symbol in formatter.amount(12_345_600)
    assert formatter.currency_name


@pytest.mark.parametrize(
    ("locale", "expected"), [("de-XX", "1. Juni 2024"), ("xx", "June 1, 2024"), ("", "June 1, 2024")]
)
def test_an_unknown_locale_falls_back_to_its_language_or_english(locale: str, expected: str) -> None:
    assert LocaleFormatter(locale, "EUR", "€").day("2024-06-01") == expected


def digits_of(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())
