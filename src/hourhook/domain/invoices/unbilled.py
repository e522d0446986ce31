"""Unbilled work: time and expenses that can be put on an invoice, and what an invoice of them would come to.

Everything of archived projects is left out, since it cannot be invoiced.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, case, func, literal_column, select, union_all

from hourhook.domain.callers import Caller
from hourhook.domain.decimals import HUNDREDTH
from hourhook.domain.entries import kept_totals
from hourhook.domain.entries.reading import LISTING as ENTRIES
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
from hourhook.domain.listings import MAX_CACHED_STATEMENTS, Listing, active_filters
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.store.schema import entries, entry_sums, expenses, projects, users
from hourhook.store.statements import Row, Statement, any_of
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
    entries: int
    minutes: int
    billable_minutes: int
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
    worked = _by_project(tx.all(_worked(frozenset(filters)), **kept_totals.parameters(caller, filters)))
    spent = _by_project(EXPENSES.select(tx, caller, _SPENT, filters))
    found = [_sum_up(caller, worked.get(key), spent.get(key)) for key in worked.keys() | spent.keys()]
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
    filters: UnbilledFilters,
    chosen: Sequence[UnbilledProject],
    params: InvoiceCreate,
    errors: ValidationErrors,
) -> Preview:
    """Return what an invoice of the chosen work would come to; raises ``ValidationFailed`` as creating it would."""
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
    people = _people(tx, caller, filters, [each.key for each in chosen])
    minutes = {person.user_id: int(person.billable_minutes) for person in people}
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

    names = {person.user_id: _name_of(summarize_joined_user(caller.links, person)) for person in people}
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


def _people(tx: Transaction, caller: Caller, params: UnbilledFilters, keys: Sequence[int]) -> list[Row]:
    """Return who has billable work in the projects with these keys, and how much."""
    if not keys:
        return []
    filters = _resolve(params)
    return tx.all(_worked_by(frozenset(filters)), **kept_totals.parameters(caller, filters), keys=keys)


def _resolve(params: UnbilledFilters) -> dict[str, Any]:
    return {**active_filters(params), "not invoiced": False}


def _by_project(rows: Sequence[Row]) -> dict[int, Row]:
    return {row.project_id or NO_PROJECT: row for row in rows}


def _sum_up(caller: Caller, worked: Row | None, spent: Row | None) -> UnbilledProject:
    row = worked or spent
    assert row is not None
    return UnbilledProject(
        project=None if row.project_id is None else summarize_joined_project(caller.links, row),
        entries=int(worked.number) if worked else 0,
        minutes=int(worked.minutes) if worked else 0,
        billable_minutes=int(worked.billable_minutes) if worked else 0,
        expenses=int(spent.number) if spent else 0,
        taxable=(int(spent.taxable) if spent else 0) * HUNDREDTH,
        taxfree=(int(spent.taxfree) if spent else 0) * HUNDREDTH,
    )


def _name_of(person: SimpleUser) -> str:
    return " ".join(filter(None, (person.first_name, person.last_name))) or person.email


@lru_cache(MAX_CACHED_STATEMENTS)
def _worked(names: frozenset[str]) -> Statement:
    """Return the statement that sums up unbilled time by project, with these filters."""
    found = union_all(*kept_totals.split({of: _sums(of) for of in (entry_sums, entries)}, "account", names)).subquery()
    sums = (func.sum(found.c[name]).label(name) for name in ("number", "minutes", "billable_minutes"))
    joined = found.outerjoin(projects, (projects.c.account_id == _ACCOUNT) & (projects.c.id == found.c.project))
    return Statement(
        select(*PROJECT_COLUMNS, *sums)
        .select_from(joined)
        .where(projects.c.enabled.is_not(False))
        .group_by(*_project_keys),
        replan=True,
    )


@lru_cache(MAX_CACHED_STATEMENTS)
def _worked_by(names: frozenset[str]) -> Statement:
    """Return the statement that sums up unbilled billable time in the projects with ``keys`` by user."""
    queries = {of: _sums(of, of.c.user_id).where(any_of(_key(of), "keys")) for of in (entry_sums, entries)}
    found = union_all(*kept_totals.split(queries, "account", names)).subquery()
    minutes = func.sum(found.c.billable_minutes)
    joined = found.join(users, (users.c.account_id == _ACCOUNT) & (users.c.id == found.c.user_id))
    return Statement(
        select(*USER_COLUMNS, minutes.label("billable_minutes"))
        .select_from(joined)
        .group_by(*(column.element for column in USER_COLUMNS))
        .having(minutes > 0),
        replan=True,
    )


def _sums(of: Table, *more: ColumnElement[Any]) -> Select[Any]:
    key = _key(of)
    sums = kept_totals.amounts(of)[:2]
    return select(key.label("project"), *more, kept_totals.number(of), *sums).select_from(of).group_by(key, *more)


def _key(of: Table) -> ColumnElement[Any]:
    return of.c.project_id if of is entry_sums else func.coalesce(of.c.project_id, literal_column("0"))


def _of_open_projects(query: Select[Any], items: Any) -> Select[Any]:
    """Join the items to their project, and leave out those of archived ones."""
    joined = items.outerjoin(
        projects, (projects.c.account_id == items.c.account_id) & (projects.c.id == items.c.project_id)
    )
    return query.select_from(joined).where(items.c.account_id == _ACCOUNT, projects.c.enabled.is_not(False))


_ACCOUNT: Any = bindparam("account")
_project_keys = [column.element for column in PROJECT_COLUMNS]

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
