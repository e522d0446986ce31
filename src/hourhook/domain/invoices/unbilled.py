"""Unbilled work: time and expenses that can be put on an invoice, and what an invoice of them would come to.

Everything of archived projects is left out, since it cannot be invoiced.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import Select, bindparam, case, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.decimals import HUNDREDTH
from hourhook.domain.entries.reading import LISTING as ENTRIES
from hourhook.domain.entries.representations import IS_BILLABLE
from hourhook.domain.expenses.reading import LISTING as EXPENSES
from hourhook.domain.inputs import UNSET, Day, IdList, Inputs, UnsetType, ValidationErrors
from hourhook.domain.invoices import customizing, rates
from hourhook.domain.invoices.currencies import format_amount, smallest_unit
from hourhook.domain.invoices.defaults import find_defaults_source
from hourhook.domain.invoices.editing import InvoiceCreate
from hourhook.domain.invoices.public_view import price_tax
from hourhook.domain.invoices.rates import StoredRates
from hourhook.domain.invoices.totals import CUSTOM, FLAT, Amounts, Rates, calculate_totals, price_hours
from hourhook.domain.joined_summaries import (
    PROJECT_COLUMNS,
    USER_COLUMNS,
    summarize_joined_project,
    summarize_joined_user,
)
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.store.schema import entries, expenses, projects, users
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction

# The key of what belongs to no project.
NO_PROJECT = 0


class UnbilledFilters(Inputs, rename={"from_": "from"}):
    """Filters of unbilled work."""

    project_ids: Annotated[IdList, "On any of these projects."] | UnsetType = UNSET
    user_ids: Annotated[IdList, "By any of these users."] | UnsetType = UNSET
    from_: Annotated[Day, "On or after this date."] | UnsetType = UNSET
    to: Annotated[Day, "On or before this date."] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class UnbilledProject:
    """The unbilled work of one project, or of none; prices are in ten-thousandths."""

    project: SimpleProject | None
    people: Mapping[int, SimpleUser]
    # By user.
    billable_minutes: Mapping[int, int]
    entries: int
    minutes: int
    expenses: int
    taxable: int
    taxfree: int

    @property
    def key(self) -> int:
        return NO_PROJECT if self.project is None else self.project.id


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line of an invoice: what it is for, and its amount with the currency."""

    name: str
    amount: str
    minutes: int | None = None
    rate: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an invoice would come to."""

    lines: Sequence[PreviewLine]
    taxes: Sequence[PreviewLine]
    total_amount: str
    # The invoice from which the rates are taken; None if they were given or there is no such invoice.
    rates_from: str | None
    has_no_rate: bool


def read(
    tx: Transaction, caller: Caller, params: UnbilledFilters, errors: ValidationErrors
) -> Sequence[UnbilledProject]:
    """Return the unbilled work that matches, with two statements: projects by name, and last what has none."""
    caller.require_role("leader")
    errors.raise_if_any()
    filters = _resolve(params)
    worked, spent = (
        _group(listing.select(tx, caller, query, filters))
        for listing, query in ((ENTRIES, _WORKED), (EXPENSES, _SPENT))
    )
    found = [_sum_up(caller, worked.get(key, []), spent.get(key, [])) for key in worked.keys() | spent.keys()]
    return sorted(found, key=lambda each: (each.project is None, each.project.name.casefold() if each.project else ""))


def find_ids(
    tx: Transaction, caller: Caller, params: UnbilledFilters, chosen: Collection[int]
) -> tuple[list[int], list[int]]:
    """Return the ids of the unbilled entries and expenses that match, of the projects with these keys."""
    caller.require_role("leader")
    ids = [key for key in chosen if key != NO_PROJECT]
    filters = _resolve(params)
    found: dict[Listing, list[int]] = {ENTRIES: [], EXPENSES: []}
    if ids:
        for listing, query in _IDS.items():
            found[listing] += [row.id for row in listing.select(tx, caller, query, {**filters, "project_ids": ids})]
    if NO_PROJECT in chosen:
        within = {**filters, "without_project": True}
        found[ENTRIES] += [row.id for row in ENTRIES.select(tx, caller, _IDS[ENTRIES], within)]
    return sorted(found[ENTRIES]), sorted(found[EXPENSES])


def preview(
    tx: Transaction,
    caller: Caller,
    chosen: Sequence[UnbilledProject],
    params: InvoiceCreate,
    errors: ValidationErrors,
) -> Preview:
    """Return what an invoice of this work would come to; raises ``ValidationFailed`` as creating it would."""
    rates.validate(tx, caller, params.rate_calculation, errors)
    errors.raise_if_any()
    previous = find_defaults_source(tx, caller.account_id, [each.key for each in chosen if each.project])
    customization = customizing.build_customization(params.customization, previous, "")
    symbol, code = customization["currency_symbol"], customization["currency_code"]
    if params.rate_calculation:
        stored = rates.from_input(params.rate_calculation, code)
    else:
        stored = (StoredRates() if previous is None else rates.read_stored(tx, previous)).in_currency(code)
    priced = Rates(
        stored.calculation_method,
        stored.standard_hourly_rate or 0,
        dict(stored.custom_hourly_rates),
        stored.flat_rate or 0,
    )
    minutes = _add_up(each.billable_minutes for each in chosen)
    percentages = [tax.percentage or 0 for tax in params.taxes or []]
    amounts = calculate_totals(
        priced,
        minutes,
        taxable_expenses=sum(each.taxable for each in chosen),
        taxfree_expenses=sum(each.taxfree for each in chosen),
        percentages=percentages,
        smallest_unit=smallest_unit(code),
    )

    def line(name: str, amount: int, minutes: int | None = None, rate: int | None = None) -> PreviewLine:
        as_text = None if rate is None else format_amount(rate, symbol, code)
        return PreviewLine(name, format_amount(amount, symbol, code), minutes, as_text)

    names = {id: _name_of(person) for each in chosen for id, person in each.people.items()}
    return Preview(
        lines=[
            *(line(*found) for found in _price(priced, minutes, names, smallest_unit(code))),
            *(line(*found) for found in _expense_lines(chosen) if found[1]),
        ],
        taxes=[
            line(tax.name or "Tax", price_tax(amounts.taxable_amount, percentage, smallest_unit(code)))
            for tax, percentage in zip(params.taxes or [], percentages, strict=True)
        ],
        total_amount=format_amount(amounts.total_amount, symbol, code),
        rates_from=None if params.rate_calculation or previous is None else previous.reference,
        has_no_rate=bool(minutes) and not _hours_amount(priced, minutes),
    )


def _hours_amount(priced: Rates, minutes: Mapping[int, int]) -> int:
    amounts: Amounts = calculate_totals(priced, minutes)
    return amounts.taxable_amount


def _price(
    priced: Rates, minutes: Mapping[int, int], names: Mapping[int, str], unit: int
) -> Iterable[tuple[str, int, int, int | None]]:
    """Yield the name, amount, minutes and rate of each line of time."""
    if priced.calculation_method == FLAT:
        yield "All hours, at a fixed amount", priced.flat_rate, sum(minutes.values()), None
        return
    custom = priced.custom_hourly_rates or {} if priced.calculation_method == CUSTOM else {}
    for user_id, worked in sorted(minutes.items(), key=lambda item: names[item[0]].casefold()):
        rate = custom.get(user_id, priced.standard_hourly_rate)
        yield names[user_id], price_hours(priced, {user_id: worked}, unit), worked, rate


def _expense_lines(chosen: Sequence[UnbilledProject]) -> Iterable[tuple[str, int]]:
    yield "Expenses", sum(each.taxable for each in chosen)
    yield "Tax-free expenses", sum(each.taxfree for each in chosen)


def _add_up(found: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Sum up the billable minutes of each user, without those who have none."""
    minutes: dict[int, int] = {}
    for each in found:
        for user_id, worked in each.items():
            minutes[user_id] = minutes.get(user_id, 0) + worked
    return {user_id: worked for user_id, worked in minutes.items() if worked}


def _resolve(params: UnbilledFilters) -> dict[str, Any]:
    return {**active_filters(params), "not invoiced": False}


def _group(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.project_id or NO_PROJECT, []).append(row)
    return found


def _sum_up(caller: Caller, worked: Sequence[Row], spent: Sequence[Row]) -> UnbilledProject:
    first = [*worked, *spent][0]
    return UnbilledProject(
        project=None if first.project_id is None else summarize_joined_project(caller.links, first),
        people={row.user_id: summarize_joined_user(caller.links, row) for row in worked},
        billable_minutes={row.user_id: int(row.billable_minutes) for row in worked},
        entries=sum(int(row.number) for row in worked),
        minutes=sum(int(row.minutes) for row in worked),
        expenses=sum(int(row.number) for row in spent),
        taxable=sum(int(row.taxable) for row in spent) * HUNDREDTH,
        taxfree=sum(int(row.taxfree) for row in spent) * HUNDREDTH,
    )


def _name_of(person: SimpleUser) -> str:
    return " ".join(filter(None, (person.first_name, person.last_name))) or person.email


def _of_open_projects(query: Select[Any], items: Any) -> Select[Any]:
    """Join the items to their project, and leave out those of archived ones."""
    joined = items.outerjoin(
        projects, (projects.c.account_id == items.c.account_id) & (projects.c.id == items.c.project_id)
    )
    if items is entries:
        joined = joined.join(users, (users.c.account_id == items.c.account_id) & (users.c.id == items.c.user_id))
    return query.select_from(joined).where(items.c.account_id == bindparam("account"), projects.c.enabled.is_not(False))


_project_keys = [column.element for column in PROJECT_COLUMNS]

_WORKED = _of_open_projects(
    select(
        *PROJECT_COLUMNS,
        *USER_COLUMNS,
        func.count().label("number"),
        func.sum(entries.c.minutes).label("minutes"),
        func.sum(case((IS_BILLABLE, entries.c.minutes), else_=0)).label("billable_minutes"),
    ),
    entries,
).group_by(*_project_keys, *(column.element for column in USER_COLUMNS))

_SPENT = _of_open_projects(
    select(
        *PROJECT_COLUMNS,
        func.count().label("number"),
        func.sum(case((expenses.c.taxable.is_(True), expenses.c.price), else_=0)).label("taxable"),
        func.sum(case((expenses.c.taxable.is_(True), 0), else_=expenses.c.price)).label("taxfree"),
    ),
    expenses,
).group_by(*_project_keys)

_IDS = {
    ENTRIES: _of_open_projects(select(entries.c.id), entries),
    EXPENSES: _of_open_projects(select(expenses.c.id), expenses),
}
