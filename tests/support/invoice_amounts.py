"""What an invoice comes to, added up a second time: plainly, in decimals, from what the API shows."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.accounts import Account

AMOUNTS = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")
ZERO_DECIMAL_CURRENCIES = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF",
)  # fmt: skip


def amounts_of(made: Mapping[str, Any]) -> dict[str, Any]:
    """The amounts that an invoice shows."""
    return {name: made[name] for name in AMOUNTS}


def expected_amounts(account: Account, made: Mapping[str, Any]) -> dict[str, Any]:
    """The amounts that it should show."""
    client = account.supervisor.client
    entries = client.get(made["entries_url"], {"per_page": 1000}).json()
    expenses = client.get(made["expenses_url"], {"per_page": 1000}).json()
    return calculate_totals(
        made["rate_calculation"], made["customization"]["currency_code"], made["taxes"], entries, expenses
    )


def calculate_totals(
    rates: Mapping[str, Any],
    currency_code: str,
    taxes: Iterable[Mapping[str, Any]],
    entries: Iterable[Mapping[str, Any]],
    expenses: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """The amounts of an invoice with these things on it."""
    unit = Decimal(1) if currency_code in ZERO_DECIMAL_CURRENCIES else Decimal("0.01")
    hours: dict[int, Decimal] = {}
    for entry in entries:
        if entry["billable"]:
            user_id = entry["user"]["id"]
            hours[user_id] = hours.get(user_id, Decimal(0)) + Decimal(entry["minutes"])
    custom = {rate["user"]: exact(rate["hourly_rate"]) for rate in rates["custom_hourly_rates"]}
    if rates["calculation_method"] == "flat_rate":
        taxable = exact(rates["flat_rate"])
    else:
        standard = exact(rates["standard_hourly_rate"])
        taxable = sum(
            (rounded(minutes * custom.get(user_id, standard) / 60, unit) for user_id, minutes in hours.items()),
            Decimal(0),
        )
    taxfree = Decimal(0)
    for expense in expenses:
        if expense["taxable"]:
            taxable += exact(expense["price"])
        else:
            taxfree += exact(expense["price"])
    tax = sum((rounded(taxable * exact(each["percentage"]) / 100, unit) for each in taxes), Decimal(0))
    found = (taxable, taxfree, tax, taxable + taxfree + tax)
    return {name: float(amount) for name, amount in zip(AMOUNTS, found, strict=True)}


def exact(number: Any) -> Decimal:
    """The number that was written, and not the binary fraction next to it."""
    return Decimal(str(number))


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """Halves away from zero."""
    return amount.quantize(unit, ROUND_HALF_UP)
