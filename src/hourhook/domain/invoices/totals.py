"""What an invoice comes to: integers all the way, nothing is read and nothing is stored (contract, invoices.md).

Amounts and rates are in hundredths, percentages in hundredths of a percent. Rounding is half-up, halves away from zero,
to the smallest unit of the currency: what each user's hours cost once, and each tax once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STANDARD = "standard_hourly_rate"
CUSTOM = "custom_hourly_rates"
FLAT = "flat_rate"
METHODS = (CUSTOM, STANDARD, FLAT)


@dataclass(frozen=True, slots=True)
class Rates:
    """How hours become money; ``custom_hourly_rates`` by user, the standard rate is everybody else's."""

    calculation_method: str
    standard_hourly_rate: int = 0
    custom_hourly_rates: Mapping[int, int] | None = None
    flat_rate: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """What an invoice comes to."""

    taxable_amount: int
    taxfree_amount: int
    tax_total_amount: int
    total_amount: int


def calculate_totals(
    rates: Rates,
    minutes: Mapping[int, int],
    *,
    taxable_expenses: int = 0,
    taxfree_expenses: int = 0,
    percentages: Iterable[int] = (),
    smallest_unit: int = 1,
) -> Amounts:
    """Add an invoice up; ``minutes`` are the billable ones of each user, ``smallest_unit`` is in hundredths."""
    taxable = price_hours(rates, minutes, smallest_unit) + taxable_expenses
    # Taxes do not compound: each is taken of the same amount.
    taxes = sum(_round(taxable * percentage, 10_000, smallest_unit) for percentage in percentages)
    return Amounts(taxable, taxfree_expenses, taxes, taxable + taxfree_expenses + taxes)


def price_hours(rates: Rates, minutes: Mapping[int, int], smallest_unit: int = 1) -> int:
    """What the hours of all users cost together."""
    if rates.calculation_method == FLAT:
        return rates.flat_rate
    custom = (rates.custom_hourly_rates or {}) if rates.calculation_method == CUSTOM else {}
    return sum(
        _round(worked * custom.get(user_id, rates.standard_hourly_rate), 60, smallest_unit)
        for user_id, worked in minutes.items()
    )


def _round(numerator: int, denominator: int, smallest_unit: int) -> int:
    """The fraction as a multiple of the smallest unit, halves away from zero."""
    divisor = denominator * smallest_unit
    rounded = (2 * abs(numerator) + divisor) // (2 * divisor) * smallest_unit
    return rounded if numerator >= 0 else -rounded
