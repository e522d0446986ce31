"""What stands on the public page of an invoice, and how it is worked out of what was logged (contract, invoices.md).

Nothing is read here. Rows are entries with their person and project, as ``sharing`` reads them. Amounts and rates are
in hundredths, percentages in hundredths of a percent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hourhook.domain.invoices.totals import CUSTOM, FLAT, Rates, calculate_totals, price_hours
from hourhook.domain.search_keys import search_key
from hourhook.store.statements import Row


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody worked: at what rate and for how much, unless all of it has one price."""

    person: str
    minutes: int
    hourly_rate: int | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class MinutesTotal:
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
    people: Sequence[MinutesTotal]
    projects: Sequence[MinutesTotal]
    report: Sequence[ReportedDay]

    def amounts(self) -> Iterable[int]:
        """Every amount that is shown."""
        yield from (self.hours_amount, self.taxable_amount, self.taxfree_amount, self.tax_total_amount)
        yield self.total_amount
        yield from (amount for work in self.work for amount in (work.hourly_rate, work.amount) if amount is not None)
        yield from (expense.price for expense in self.expenses)
        yield from (tax.amount for tax in self.taxes)


def price_work(logged: Sequence[Row], rates: Rates, unit: int, *, include_unpriced: bool) -> Iterable[Work]:
    """The work of each person, by name; what is unbillable stands apart, at no rate, so that every line adds up."""
    names = {row.user_id: _name_of(row) for row in logged}
    billable = billable_minutes(logged)
    everything = _minutes_of(logged)
    for user_id in sorted(names, key=lambda id: (search_key(names[id]), id)):
        if rates.calculation_method == FLAT:
            if include_unpriced:
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
        if include_unpriced and everything[user_id] > minutes:
            yield Work(names[user_id], everything[user_id] - minutes, 0, 0)


def price_tax(taxable: int, percentage: int, unit: int) -> int:
    """What one tax comes to."""
    return calculate_totals(
        Rates(FLAT, flat_rate=taxable), {}, percentages=[percentage], smallest_unit=unit
    ).tax_total_amount


def billable_minutes(logged: Iterable[Row]) -> dict[int, int]:
    """The minutes of each user that cost money."""
    return _minutes_of(row for row in logged if row.project_billable is not False and not row.has_unbillable_tag)


def minutes_by_person(logged: Iterable[Row]) -> list[MinutesTotal]:
    """How long each person worked, by name."""
    return _share_out((row.user_id, _name_of(row), row.minutes) for row in logged)


def minutes_by_project(logged: Iterable[Row]) -> list[MinutesTotal]:
    """How long was worked on each project, by name, and on none at the end."""
    return _share_out((row.project_id, row.project_name, row.minutes) for row in logged)


def report(logged: Iterable[Row]) -> Iterable[ReportedDay]:
    """The full report, of entries in the order of their days."""
    for date, rows in groupby(logged, key=lambda row: str(row.date)):
        of_day = [ReportedEntry(_name_of(row), row.project_name, row.description or "", row.minutes) for row in rows]
        yield ReportedDay(date, sum(entry.minutes for entry in of_day), of_day)


def _minutes_of(logged: Iterable[Row]) -> dict[int, int]:
    minutes: dict[int, int] = {}
    for row in logged:
        minutes[row.user_id] = minutes.get(row.user_id, 0) + row.minutes
    return minutes


def _share_out(minutes: Iterable[tuple[int | None, str | None, int]]) -> list[MinutesTotal]:
    """The minutes of each id, in the order of names, what has none at the end."""
    found: dict[tuple[int | None, str | None], int] = {}
    for id, name, count in minutes:
        found[id, name] = found.get((id, name), 0) + count
    shares = [MinutesTotal(name, count) for (_, name), count in found.items()]
    return sorted(shares, key=lambda share: (share.name is None, search_key(share.name or "")))


def _name_of(row: Row) -> str:
    """How a person is called in public; never by a whole e-mail address."""
    name = " ".join(filter(None, (row.first_name, row.last_name)))
    return name or str(row.email).partition("@")[0]
