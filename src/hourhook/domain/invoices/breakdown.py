"""What a bookkeeper posts of an invoice: parts that sum to its total exactly (``docs/api/invoices.md#breakdown``).

It takes four statements besides that of the invoice itself, whatever its size.
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.decimals import AMOUNT_DIGITS, HUNDREDTH
from hourhook.domain.invoices import rates, reading
from hourhook.domain.invoices.billing import is_billed
from hourhook.domain.invoices.currencies import fraction_digits, smallest_unit
from hourhook.domain.invoices.public_view import price_tax
from hourhook.domain.invoices.rates import StoredRates
from hourhook.domain.invoices.representations import Invoice, represent
from hourhook.domain.invoices.totals import FLAT, Rates, price_hours
from hourhook.domain.joined_summaries import USER_COLUMNS, summarize_joined_user
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleUser
from hourhook.store.schema import (
    entries,
    expenses,
    invoice_entries,
    invoice_expenses,
    invoice_taxes,
    projects,
    users,
)
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

_PERCENTAGE_DIGITS = 2

Amount = Annotated[str, Meta(description="A decimal in the digits of the currency.")]
Given = Annotated[str, Meta(description="A decimal as it was given.")]


class BilledTime(msgspec.Struct, frozen=True, kw_only=True):
    """The billed hours of one user at their rate, or those of all users at a flat rate."""

    user: SimpleUser | UnsetType = UNSET
    minutes: int
    rate: Given | UnsetType = UNSET
    flat_rate: Given | UnsetType = UNSET
    amount: Amount


class BilledExpenses(msgspec.Struct, frozen=True):
    """The expenses of an invoice."""

    taxable_amount: Amount
    taxfree_amount: Amount


class BilledTax(msgspec.Struct, frozen=True):
    """A tax with its amount."""

    id: int
    name: str | None
    percentage: Given
    amount: Amount


class Breakdown(msgspec.Struct, frozen=True):
    """The parts of an invoice, which sum to its total."""

    currency_code: str
    minor_units: int
    time: list[BilledTime]
    expenses: BilledExpenses
    taxes: list[BilledTax]
    total_amount: Amount


def read(tx: Transaction, caller: Caller, id: int) -> Breakdown:
    """Return the parts of an invoice; raises ``NotFound`` if there is none, then ``Forbidden``."""
    return _break_down(tx, caller, reading.find(tx, caller, id))


def read_with_invoice(tx: Transaction, caller: Caller, id: int) -> tuple[Invoice, Breakdown]:
    """Return an invoice and its parts; raises as ``read`` does."""
    head = reading.find(tx, caller, id)
    return represent(tx, caller.account_id, caller.links, [head])[0], _break_down(tx, caller, head)


def _break_down(tx: Transaction, caller: Caller, head: Row) -> Breakdown:
    key = {"account": caller.account_id, "invoice": head.id}
    code = head.currency_code
    expenses_of = {row.taxable: int(row.price) * HUNDREDTH for row in tx.all(_EXPENSES, **key)}
    taxes = [
        BilledTax(
            row.id,
            row.name,
            _given(row.percentage, _PERCENTAGE_DIGITS),
            format_exactly(price_tax(head.taxable_amount, row.percentage, smallest_unit(code)), code),
        )
        for row in tx.all(_TAXES, **key)
    ]
    return Breakdown(
        currency_code=code,
        minor_units=fraction_digits(code),
        time=_price(caller.links, tx.all(_MINUTES, **key), rates.read_stored(tx, head), code),
        expenses=BilledExpenses(
            format_exactly(expenses_of.get(True, 0), code), format_exactly(expenses_of.get(False, 0), code)
        ),
        taxes=taxes,
        total_amount=format_exactly(head.total_amount, code),
    )


def format_exactly(amount: int, code: str) -> str:
    """Format ten-thousandths in the digits of a currency, or in as many more as are needed."""
    digits = fraction_digits(code)
    if amount % smallest_unit(code):
        # An expense of 10.50 counts as such in yen, too.
        digits = max(2, digits) if amount % HUNDREDTH == 0 else AMOUNT_DIGITS
    return str(Decimal(amount).scaleb(-AMOUNT_DIGITS).quantize(Decimal(1).scaleb(-digits)))


def _price(links: Links, worked: list[Row], stored: StoredRates, code: str) -> list[BilledTime]:
    priced = Rates(
        stored.calculation_method,
        stored.standard_hourly_rate or 0,
        dict(stored.custom_hourly_rates),
        stored.flat_rate or 0,
    )
    unit = smallest_unit(code)
    if priced.calculation_method == FLAT:
        amount = format_exactly(price_hours(priced, {}, unit), code)
        minutes = sum(int(row.minutes) for row in worked)
        return [BilledTime(minutes=minutes, amount=amount, flat_rate=_given(priced.flat_rate, AMOUNT_DIGITS))]
    return [
        BilledTime(
            user=summarize_joined_user(links, row),
            minutes=int(row.minutes),
            # One hour costs as much as the rate says.
            rate=_given(price_hours(priced, {row.user_id: 60}), AMOUNT_DIGITS),
            amount=format_exactly(price_hours(priced, {row.user_id: int(row.minutes)}, unit), code),
        )
        for row in worked
    ]


def _given(number: int, digits: int) -> str:
    """Format an integer of the last of these digits without the zeros at its end: ``95.55``, ``80``."""
    text = f"{Decimal(number).scaleb(-digits):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_worked = (
    select(entries.c.user_id, func.sum(entries.c.minutes).label("minutes"))
    .select_from(
        invoice_entries.join(
            entries,
            (entries.c.account_id == invoice_entries.c.account_id) & (entries.c.id == invoice_entries.c.entry_id),
        ).outerjoin(projects, (projects.c.account_id == entries.c.account_id) & (projects.c.id == entries.c.project_id))
    )
    .where(
        invoice_entries.c.account_id == bindparam("account"),
        invoice_entries.c.invoice_id == bindparam("invoice"),
        is_billed,
    )
    .group_by(entries.c.user_id)
    .subquery()
)

_MINUTES = Statement(
    select(_worked.c.minutes, *USER_COLUMNS)
    .join_from(_worked, users, users.c.id == _worked.c.user_id)
    .where(users.c.account_id == bindparam("account"))
    .order_by(users.c.name_key, users.c.id),
    replan=True,
)

_EXPENSES = Statement(
    select(expenses.c.taxable, func.sum(expenses.c.price).label("price"))
    .join_from(
        invoice_expenses,
        expenses,
        (expenses.c.account_id == invoice_expenses.c.account_id) & (expenses.c.id == invoice_expenses.c.expense_id),
    )
    .where(invoice_expenses.c.account_id == bindparam("account"), invoice_expenses.c.invoice_id == bindparam("invoice"))
    .group_by(expenses.c.taxable),
    replan=True,
)

_TAXES = Statement(
    select(invoice_taxes.c.id, invoice_taxes.c.name, invoice_taxes.c.percentage)
    .where(invoice_taxes.c.account_id == bindparam("account"), invoice_taxes.c.invoice_id == bindparam("invoice"))
    .order_by(invoice_taxes.c.id)
)
