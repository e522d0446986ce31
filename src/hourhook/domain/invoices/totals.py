"""Compute the totals of an invoice, in integers and without the database (`docs/api/invoices.md#totals`).

Amounts and rates are in ten-thousandths, percentages in hundredths of a percent. Halves are rounded away from zero, to
the smallest unit of the currency: once for the hours of each user, and once for each tax.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STANDARD = "standard_hourly_rate"
CUSTOM = "custom_hourly_rates"
FLAT = "flat_rate"
METHODS = (CUSTOM, STANDARD, FLAT)


@dataclass(frozen=True, slots=True)
class Rates:
    """A rate calculation; ``custom_hourly_rates`` are by user id, the standard rate is for all other users."""

    calculation_method: str
    standard_hourly_rate: int = 0
    custom_hourly_rates: Mapping[int, int] | None = None
    flat_rate: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """The totals of an invoice."""

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
    """Compute totals; ``minutes`` are the billable ones by user id."""
    taxable = price_hours(rates, minutes, smallest_unit) + taxable_expenses
    # Taxes are not compounded: each applies to the same amount.
    taxes = sum(round_to_unit(taxable * percentage, 10_000, smallest_unit) for percentage in percentages)
    return Amounts(taxable, taxfree_expenses, taxes, taxable + taxfree_expenses + taxes)


def price_hours(rates: Rates, minutes: Mapping[int, int], smallest_unit: int = 1) -> int:
    """Return the price of the hours of all users."""
    if rates.calculation_method == FLAT:
        return rates.flat_rate
    custom = (rates.custom_hourly_rates or {}) if rates.calculation_method == CUSTOM else {}
    return sum(
        round_to_unit(worked * custom.get(user_id, rates.standard_hourly_rate), 60, smallest_unit)
        for user_id, worked in minutes.items()
    )


def round_to_unit(numerator: int, denominator: int, unit: int) -> int:
    """Round a fraction to a multiple of the unit, halves away from zero."""
    divisor = denominator * unit
    rounded = (2 * abs(numerator) + divisor) // (2 * divisor) * unit
    return rounded if numerator >= 0 else -rounded
