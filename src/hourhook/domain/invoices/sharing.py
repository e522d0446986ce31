"""What the public page of an invoice shows, for whoever knows its token (contract, invoices.md).

It is read with five statements, however much is on the invoice. The totals are those that are stored, and each amount
above them is priced as they were: so the page and the API agree to the last cent, and what is printed adds up. Amounts
and rates are in hundredths, percentages in hundredths of a percent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec
from sqlalchemy import bindparam, select

from hourhook.clock import format_moment
from hourhook.domain.entries.representations import has_unbillable_tag
from hourhook.domain.invoices.currencies import smallest_unit
from hourhook.domain.invoices.totals import CUSTOM, FLAT, Rates, add_up, price_hours
from hourhook.domain.texts import key_of
from hourhook.store.schema import (
    accounts,
    entries,
    expenses,
    invoice_entries,
    invoice_expenses,
    invoice_hourly_rates,
    invoice_taxes,
    invoices,
    projects,
    users,
)
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody worked: at what rate and for how much, unless all of it has one price."""

    person: str
    minutes: int
    hourly_rate: int | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """How many minutes somebody worked, or went to a project; those of no project have no name."""

    name: str | None
    minutes: int


@dataclass(frozen=True, slots=True)
class ReportedEntry:
    """One entry in the full report."""

    person: str
    project: str | None
    description: str
    minutes: int


@dataclass(frozen=True, slots=True)
class ReportedDay:
    """The entries of one day in the full report."""

    date: str
    minutes: int
    entries: Sequence[ReportedEntry]


@dataclass(frozen=True, slots=True)
class SharedExpense:
    """An expense; its project is left out where the invoice does not show it."""

    date: str
    description: str
    project: str | None
    price: int
    taxable: bool


@dataclass(frozen=True, slots=True)
class SharedTax:
    """A tax, and what it comes to."""

    name: str | None
    percentage: int
    amount: int


@dataclass(frozen=True, slots=True)
class SharedInvoice:
    """Everything that the page shows, and nothing else; sections that are not to be shown are empty."""

    reference: str
    invoice_date: str
    project_name: str
    company_name: str
    company_details: str
    recipient_details: str
    description: str
    footer: str
    # The words that are printed, by the names of the customization.
    labels: Mapping[str, str]
    locale: str
    currency_code: str
    currency_symbol: str
    # Takes the place of all the rest.
    custom_html: str | None
    # The day it was paid, UTC.
    paid_on: str | None
    is_paid: bool
    # What each person worked, and all of them together; minutes are to be shown only if ``show_hours_worked``.
    show_hours_worked: bool
    work: Sequence[Work]
    minutes: int
    hours_amount: int
    expenses: Sequence[SharedExpense]
    taxes: Sequence[SharedTax]
    taxable_amount: int
    taxfree_amount: int
    tax_total_amount: int
    total_amount: int
    people: Sequence[Share]
    projects: Sequence[Share]
    report: Sequence[ReportedDay]

    def amounts(self) -> Iterable[int]:
        """Every amount that is shown."""
        yield from (self.hours_amount, self.taxable_amount, self.taxfree_amount, self.tax_total_amount)
        yield self.total_amount
        yield from (amount for work in self.work for amount in (work.hourly_rate, work.amount) if amount is not None)
        yield from (expense.price for expense in self.expenses)
        yield from (tax.amount for tax in self.taxes)


def find_shared(tx: Transaction, token: str) -> SharedInvoice | None:
    """The invoice with this token; None where there is none, or its account does without invoicing."""
    head = tx.one(_FIND, token=token)
    if head is None:
        return None
    key = {"account": head.account_id, "invoice": head.id}
    rates = Rates(
        head.calculation_method,
        head.standard_hourly_rate or 0,
        {row.user_id: row.hourly_rate for row in tx.all(_RATES, **key)},
        head.flat_rate or 0,
    )
    unit = smallest_unit(head.currency_code)
    logged = tx.all(_ENTRIES, **key)
    return SharedInvoice(
        reference=head.reference,
        invoice_date=head.invoice_date,
        project_name=head.project_name,
        company_name=head.company_name,
        company_details=head.company_details,
        recipient_details=head.recipient_details,
        description=head.description,
        footer=head.footer,
        labels=msgspec.json.decode(head.labels, type=dict[str, str]),
        locale=head.locale,
        currency_code=head.currency_code,
        currency_symbol=head.currency_symbol,
        custom_html=head.custom_html,
        is_paid=head.state == "paid",
        paid_on=None if head.paid_at is None else format_moment(head.paid_at)[:10],
        show_hours_worked=head.show_hours_worked,
        work=[*_price_work(logged, rates, unit, with_unpriced=head.show_hours_worked)],
        minutes=sum(row.minutes for row in logged),
        hours_amount=price_hours(rates, _billable_minutes(logged), unit),
        expenses=[
            SharedExpense(
                row.date,
                row.description or "",
                row.project_name if head.show_project_name_for_expenses else None,
                row.price,
                row.taxable,
            )
            for row in tx.all(_EXPENSES, **key)
        ],
        taxes=[
            SharedTax(row.name, row.percentage, _price_tax(head.taxable_amount, row.percentage, unit))
            for row in tx.all(_TAXES, **key)
        ],
        taxable_amount=head.taxable_amount,
        taxfree_amount=head.taxfree_amount,
        tax_total_amount=head.tax_total_amount,
        total_amount=head.total_amount,
        people=_share_out((row.user_id, _name_of(row), row.minutes) for row in logged)
        if head.show_user_summaries
        else [],
        projects=_share_out((row.project_id, row.project_name, row.minutes) for row in logged)
        if head.show_project_summaries
        else [],
        report=[*_report(logged)] if head.show_full_report else [],
    )


def _price_work(logged: Sequence[Row], rates: Rates, unit: int, *, with_unpriced: bool) -> Iterable[Work]:
    """The work of each person, by name; what is unbillable stands apart, at no rate, so that every line adds up."""
    names = {row.user_id: _name_of(row) for row in logged}
    billable = _billable_minutes(logged)
    everything = _minutes_of(logged)
    for user_id in sorted(names, key=lambda id: (key_of(names[id]), id)):
        if rates.calculation_method == FLAT:
            if with_unpriced:
                yield Work(names[user_id], everything[user_id], None, None)
            continue
        minutes = billable.get(user_id, 0)
        if minutes:
            rate = (rates.custom_hourly_rates or {}).get(user_id) if rates.calculation_method == CUSTOM else None
            yield Work(
                names[user_id],
                minutes,
                rates.standard_hourly_rate if rate is None else rate,
                price_hours(rates, {user_id: minutes}, unit),
            )
        if with_unpriced and everything[user_id] > minutes:
            yield Work(names[user_id], everything[user_id] - minutes, 0, 0)


def _price_tax(taxable: int, percentage: int, unit: int) -> int:
    return add_up(Rates(FLAT, flat_rate=taxable), {}, percentages=[percentage], smallest_unit=unit).tax_total_amount


def _billable_minutes(logged: Iterable[Row]) -> dict[int, int]:
    return _minutes_of(row for row in logged if row.project_billable is not False and not row.has_unbillable_tag)


def _minutes_of(logged: Iterable[Row]) -> dict[int, int]:
    minutes: dict[int, int] = {}
    for row in logged:
        minutes[row.user_id] = minutes.get(row.user_id, 0) + row.minutes
    return minutes


def _share_out(minutes: Iterable[tuple[int | None, str | None, int]]) -> list[Share]:
    """The minutes of each id, in the order of names, what has none at the end."""
    found: dict[tuple[int | None, str | None], int] = {}
    for id, name, count in minutes:
        found[id, name] = found.get((id, name), 0) + count
    shares = [Share(name, count) for (_, name), count in found.items()]
    return sorted(shares, key=lambda share: (share.name is None, key_of(share.name or "")))


def _report(logged: Iterable[Row]) -> Iterable[ReportedDay]:
    for date, rows in groupby(logged, key=lambda row: str(row.date)):
        of_day = [ReportedEntry(_name_of(row), row.project_name, row.description or "", row.minutes) for row in rows]
        yield ReportedDay(date, sum(entry.minutes for entry in of_day), of_day)


def _name_of(row: Row) -> str:
    """How a person is called in public; never by a whole e-mail address."""
    name = " ".join(filter(None, (row.first_name, row.last_name)))
    return name or str(row.email).partition("@")[0]


_FIND = Statement(
    select(*(column for column in invoices.c if not column.name.endswith("_key")))
    .join(accounts, accounts.c.id == invoices.c.account_id)
    .where(invoices.c.share_token == bindparam("token"), accounts.c.invoicing_enabled.is_(True))
)

_RATES = Statement(
    select(invoice_hourly_rates.c.user_id, invoice_hourly_rates.c.hourly_rate).where(
        invoice_hourly_rates.c.account_id == bindparam("account"),
        invoice_hourly_rates.c.invoice_id == bindparam("invoice"),
    )
)

_TAXES = Statement(
    select(invoice_taxes.c.name, invoice_taxes.c.percentage)
    .where(invoice_taxes.c.account_id == bindparam("account"), invoice_taxes.c.invoice_id == bindparam("invoice"))
    .order_by(invoice_taxes.c.id)
)

_ENTRIES = Statement(
    select(
        entries.c.date,
        entries.c.minutes,
        entries.c.description,
        entries.c.user_id,
        entries.c.project_id,
        users.c.first_name,
        users.c.last_name,
        users.c.email,
        projects.c.name.label("project_name"),
        projects.c.billable.label("project_billable"),
        has_unbillable_tag.label("has_unbillable_tag"),
    )
    .select_from(
        invoice_entries.join(
            entries,
            (entries.c.account_id == invoice_entries.c.account_id) & (entries.c.id == invoice_entries.c.entry_id),
        )
        .outerjoin(users, (users.c.account_id == entries.c.account_id) & (users.c.id == entries.c.user_id))
        .outerjoin(projects, (projects.c.account_id == entries.c.account_id) & (projects.c.id == entries.c.project_id))
    )
    .where(invoice_entries.c.account_id == bindparam("account"), invoice_entries.c.invoice_id == bindparam("invoice"))
    .order_by(entries.c.date, users.c.name_key, entries.c.id)
)

_EXPENSES = Statement(
    select(
        expenses.c.date,
        expenses.c.description,
        expenses.c.price,
        expenses.c.taxable,
        projects.c.name.label("project_name"),
    )
    .select_from(
        invoice_expenses.join(
            expenses,
            (expenses.c.account_id == invoice_expenses.c.account_id) & (expenses.c.id == invoice_expenses.c.expense_id),
        ).outerjoin(
            projects, (projects.c.account_id == expenses.c.account_id) & (projects.c.id == expenses.c.project_id)
        )
    )
    .where(invoice_expenses.c.account_id == bindparam("account"), invoice_expenses.c.invoice_id == bindparam("invoice"))
    .order_by(expenses.c.date, expenses.c.id)
)
