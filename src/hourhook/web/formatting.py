"""Format amounts, dates and durations for a locale (Unicode CLDR).

Digits are those of the locale. Amounts are exact: they have the fraction digits of their currency (ISO 4217), or two
if the currency has none and one of the amounts needs them.
"""

import unicodedata
from collections.abc import Iterable
from copy import copy
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, get_currency_name, get_minus_sign_symbol
from babel.units import format_unit

from hourhook.domain.decimals import AMOUNT_DIGITS
from hourhook.domain.invoices.currencies import fraction_digits, smallest_unit

# The zeros of numbering systems with ten consecutive digits; other systems are written in ASCII digits.
_ZEROS = {"arab": "٠", "arabext": "۰", "beng": "০", "deva": "०"}
_LATIN = "0123456789"
_DEFAULT = "en"
_NO_BREAK = "\N{NO-BREAK SPACE}"


class LocaleFormatter:
    """Formats for one locale and one currency, which ``symbol`` represents.

    Amounts are in ten-thousandths; ``amounts`` are all that will be formatted. ``language`` and ``direction`` are for
    the attributes of HTML.
    """

    def __init__(self, locale: str, currency: str, symbol: str, amounts: Iterable[int] = ()) -> None:
        self._locale = _find_locale(locale)
        system = self._locale.default_numbering_system
        self._system = system if system in _ZEROS else "latn"
        self._digits = _digits_of(self._system)
        precision = fraction_digits(currency)
        if any(amount % smallest_unit(currency) for amount in amounts):
            precision = max(2, precision)
        self._currency = _with_digits(self._locale.currency_formats["standard"], precision, precision)
        self._percent = _with_digits(self._locale.percent_formats[None], 0, 2)
        self._symbol = symbol
        # Patterns have a plain hyphen, which ends up behind the number in right-to-left text.
        self._minus = get_minus_sign_symbol(self._locale, numbering_system=self._system)
        self._durations: dict[int, str] = {}
        self.currency_name = get_currency_name(currency, locale=self._locale)
        self.language = locale
        self.direction = self._locale.text_direction

    def amount(self, ten_thousandths: int) -> str:
        number = Decimal(ten_thousandths).scaleb(-AMOUNT_DIGITS)
        written: str = self._currency.apply(number, self._locale, numbering_system=self._system)
        return _with_symbol(written.replace("-", self._minus).translate(self._digits), self._symbol)

    def percentage(self, hundredths: int) -> str:
        """Format hundredths of a percent, with as many fraction digits as needed."""
        written: str = self._percent.apply(Decimal(hundredths).scaleb(-4), self._locale, numbering_system=self._system)
        return written.translate(self._digits)

    def day(self, day: str) -> str:
        """Format a date (``YYYY-MM-DD``) with the name of its month."""
        return format_date(date.fromisoformat(day), "long", self._locale).translate(self._digits)

    def duration(self, minutes: int) -> str:
        found = self._durations.get(minutes)
        if found is None:
            found = self._durations[minutes] = self._duration(minutes).translate(self._digits)
        return found

    def _duration(self, minutes: int) -> str:
        hours, rest = divmod(minutes, 60)
        parts = [(hours, "hour")] if hours else []
        if rest or not hours:
            parts.append((rest, "minute"))
        written = (
            format_unit(count, f"duration-{unit}", "short", locale=self._locale, numbering_system=self._system)
            for count, unit in parts
        )
        return _NO_BREAK.join(written).replace(" ", _NO_BREAK)


def _find_locale(code: str) -> Locale:
    """Return the locale of a code, or that of its language, or English."""
    for candidate in (code, code.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(_DEFAULT)


def _digits_of(system: str) -> dict[int, str]:
    zero = ord(_ZEROS.get(system, "0"))
    return {ord(digit): chr(zero + value) for value, digit in enumerate(_LATIN)}


def _with_digits(pattern: NumberPattern, min_digits: int, max_digits: int) -> NumberPattern:
    changed = copy(pattern)
    changed.frac_prec = (min_digits, max_digits)
    return changed


def _with_symbol(written: str, symbol: str) -> str:
    """Replace the currency sign with the symbol; a symbol that is a word is separated from the number by a space."""
    before, _, after = written.partition("¤")
    if symbol and before[-1:].isdigit() and _is_word(symbol[0]):
        before += _NO_BREAK
    if symbol and after[:1].isdigit() and _is_word(symbol[-1]):
        after = _NO_BREAK + after
    return f"{before}{symbol}{after}".strip()


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] not in "SZ"
