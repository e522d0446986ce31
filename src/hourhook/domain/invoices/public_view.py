"""The data of an invoice's public page, computed from its entries; nothing here reads the database.

Rows are entries with their user and project, as ``public_reading`` selects them. Amounts, prices
and rates are in ten-thousandths, percentages in hundredths of a percent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hourhook.domain.invoices.totals import CUSTOM, FLAT, Rates, calculate_totals, price_hours
from hourhook.domain.search_keys import search_key
from hourhook.store.statements import Row


@dataclass(frozen=True, slots=True)
class Work:
    """The minutes of one person; with a flat rate they have no rate or amount of their own."""

    person: str
    minutes: int
    hourly_rate: int | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class MinutesTotal:
    """The minutes of one person or project; ``name`` is None for those without a project."""

    name: str | None
    minutes: int


@dataclass(frozen=True, slots=True)
class ReportedEntry:
    """An entry in the full report."""

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
    """An expense; ``project`` is None if the invoice hides it."""

    date: str
    description: str
    project: str | None
    price: int
    taxable: bool


@dataclass(frozen=True, slots=True)
class SharedTax:
    """A tax and its amount."""

    name: str | None
    percentage: int
    amount: int


@dataclass(frozen=True, slots=True)
class SharedInvoice:
    """Everything that the page shows, and nothing else; hidden sections are empty."""

    reference: str
    invoice_date: str
    project_name: str
    company_name: str
    company_details: str
    recipient_details: str
    description: str
    footer: str
    # The printed labels, by their names in the customization.
    labels: Mapping[str, str]
    locale: str
    currency_code: str
    currency_symbol: str
    # Replaces all the rest.
    custom_html: str | None
    # The day of payment, in UTC.
    paid_on: str | None
    is_paid: bool
    # The work of each person, and their sums; minutes are shown only if ``show_hours_worked``.
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
    people: Sequence[MinutesTotal]
    projects: Sequence[MinutesTotal]
    report: Sequence[ReportedDay]

    def amounts(self) -> Iterable[int]:
        """Iterate over every amount that is shown."""
        yield from (self.hours_amount, self.taxable_amount, self.taxfree_amount, self.tax_total_amount)
        yield self.total_amount
        yield from (amount for work in self.work for amount in (work.hourly_rate, work.amount) if amount is not None)
        yield from (expense.price for expense in self.expenses)
        yield from (tax.amount for tax in self.taxes)


def price_work(logged: Sequence[Row], rates: Rates, unit: int, *, include_unpriced: bool) -> Iterable[Work]:
    """Return the work of each person, by name; unbillable work is a line of its own at rate 0, so that lines add up."""
    names = {row.user_id: _name_of(row) for row in logged}
    billable = billable_minutes(logged)
    all_minutes = _minutes_of(logged)
    for user_id in sorted(names, key=lambda id: (search_key(names[id]), id)):
        if rates.calculation_method == FLAT:
            if include_unpriced:
                yield Work(names[user_id], all_minutes[user_id], None, None)
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
        if include_unpriced and all_minutes[user_id] > minutes:
            yield Work(names[user_id], all_minutes[user_id] - minutes, 0, 0)


def price_tax(taxable: int, percentage: int, unit: int) -> int:
    return calculate_totals(
        Rates(FLAT, flat_rate=taxable), {}, percentages=[percentage], smallest_unit=unit
    ).tax_total_amount


def billable_minutes(logged: Iterable[Row]) -> dict[int, int]:
    """Return the minutes of each user that the invoice bills."""
    return _minutes_of(row for row in logged if row.is_billed)


def minutes_by_person(logged: Iterable[Row]) -> list[MinutesTotal]:
    """Sum the minutes of each person, in the order of names."""
    return _sum_by_name((row.user_id, _name_of(row), row.minutes) for row in logged)


def minutes_by_project(logged: Iterable[Row]) -> list[MinutesTotal]:
    """Sum the minutes of each project, in the order of names, those without a project last."""
    return _sum_by_name((row.project_id, row.project_name, row.minutes) for row in logged)


def report(logged: Iterable[Row]) -> Iterable[ReportedDay]:
    """Group entries by day; they must be in the order of their days."""
    for date, rows in groupby(logged, key=lambda row: str(row.date)):
        of_day = [ReportedEntry(_name_of(row), row.project_name, row.description or "", row.minutes) for row in rows]
        yield ReportedDay(date, sum(entry.minutes for entry in of_day), of_day)


def _minutes_of(logged: Iterable[Row]) -> dict[int, int]:
    minutes: dict[int, int] = {}
    for row in logged:
        minutes[row.user_id] = minutes.get(row.user_id, 0) + row.minutes
    return minutes


def _sum_by_name(minutes: Iterable[tuple[int | None, str | None, int]]) -> list[MinutesTotal]:
    """Sum minutes by id, in the order of names, None last."""
    found: dict[tuple[int | None, str | None], int] = {}
    for id, name, count in minutes:
        found[id, name] = found.get((id, name), 0) + count
    totals = [MinutesTotal(name, count) for (_, name), count in found.items()]
    return sorted(totals, key=lambda total: (total.name is None, search_key(total.name or "")))


def _name_of(row: Row) -> str:
    """Return a person's public name; never a whole e-mail address."""
    name = " ".join(filter(None, (row.first_name, row.last_name)))
    return name or str(row.email).partition("@")[0]
