"""Recompute the amounts of an invoice in plain decimal arithmetic, from what the API returns."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.accounts import Account

AMOUNTS = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")
# The fraction digits of the currencies that tests use.
DIGITS = {"EUR": 2, "USD": 2, "CHF": 2, "JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3}


def amounts_of(invoice: Mapping[str, Any]) -> dict[str, Any]:
    """Return the amounts in the representation of an invoice."""
    return {name: invoice[name] for name in AMOUNTS}


def expected_amounts(account: Account, invoice: Mapping[str, Any]) -> dict[str, Any]:
    """Return the amounts that the representation should contain."""
    client = account.supervisor.client
    entries = client.get(invoice["entries_url"], {"per_page": 1000}).json()
    expenses = client.get(invoice["expenses_url"], {"per_page": 1000}).json()
    return calculate_totals(
        invoice["rate_calculation"], invoice["customization"]["currency_code"], invoice["taxes"], entries, expenses
    )


def calculate_totals(
    rates: Mapping[str, Any],
    currency_code: str,
    taxes: Iterable[Mapping[str, Any]],
    entries: Iterable[Mapping[str, Any]],
    expenses: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the amounts of an invoice with these taxes, entries and expenses."""
    unit = Decimal(1).scaleb(-DIGITS[currency_code])
    minutes_by_user: dict[int, Decimal] = {}
    for entry in entries:
        if entry["billable"]:
            user_id = entry["user"]["id"]
            minutes_by_user[user_id] = minutes_by_user.get(user_id, Decimal(0)) + Decimal(entry["minutes"])
    custom = {rate["user"]: exact(rate["hourly_rate"]) for rate in rates["custom_hourly_rates"]}
    if rates["calculation_method"] == "flat_rate":
        taxable = exact(rates["flat_rate"])
    else:
        standard = exact(rates["standard_hourly_rate"])
        taxable = sum(
            (
                rounded(minutes * custom.get(user_id, standard) / 60, unit)
                for user_id, minutes in minutes_by_user.items()
            ),
            Decimal(0),
        )
    taxfree = Decimal(0)
    for expense in expenses:
        if expense["taxable"]:
            taxable += exact(expense["price"])
        else:
            taxfree += exact(expense["price"])
    tax = sum((rounded(taxable * exact(each["percentage"]) / 100, unit) for each in taxes), Decimal(0))
    amounts = (taxable, taxfree, tax, taxable + taxfree + tax)
    return {name: float(amount) for name, amount in zip(AMOUNTS, amounts, strict=True)}


def format_with_symbol(amount: float, symbol: str, currency_code: str) -> str:
    """Return the text of an amount with its currency."""
    shown = rounded(exact(amount), Decimal(1).scaleb(-DIGITS[currency_code]))
    return f"{'-' if amount < 0 else ''}{symbol}{abs(shown):,f}"


def exact(number: Any) -> Decimal:
    """Return the decimal number as it is written in JSON, not the nearest binary fraction."""
    return Decimal(str(number))


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """Round to a multiple of ``unit``, halves away from zero."""
    return amount.quantize(unit, ROUND_HALF_UP)
