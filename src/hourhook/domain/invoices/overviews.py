"""Invoices in few words, for lists: two statements for a page of any length, and one for the sums of all."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.invoices import reading, rules
from hourhook.domain.invoices.currencies import format_amount
from hourhook.domain.invoices.reading import LISTING, InvoiceFilters
from hourhook.domain.listings import SumQuery
from hourhook.domain.pages import Page, Pagination
from hourhook.store.schema import invoices
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class InvoiceOverview:
    """An invoice without its parts."""

    id: int
    reference: str
    invoice_date: str
    state: str
    project_name: str
    recipient_details: str
    # With the currency.
    total_amount: str
    entries: int
    expenses: int

    @property
    def is_settled(self) -> bool:
        """Whether it is paid or being paid, and so cannot be changed."""
        return self.state in rules.SETTLED_STATES

    @property
    def recipient(self) -> str:
        """The first line of the recipient's address."""
        return next(iter(self.recipient_details.splitlines()), "")


@dataclass(frozen=True, slots=True)
class StateTotal:
    """The invoices in one state: how many, and their total in each currency."""

    state: str
    count: int
    amounts: Sequence[str]


def list_page(
    tx: Transaction, caller: Caller, params: InvoiceFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[InvoiceOverview]:
    """List the invoices of the account, newest date first."""
    rows, total = LISTING.read(tx, caller, pagination, reading.resolve_filters(caller, params, errors))
    return Page([_represent(row) for row in rows], total)


def sum_by_state(
    tx: Transaction, caller: Caller, params: InvoiceFilters, errors: ValidationErrors
) -> Sequence[StateTotal]:
    """Sum up the invoices that match, by state and currency."""
    filters = reading.resolve_filters(caller, params, errors)
    found: dict[str, list[Row]] = {}
    for row in LISTING.select(tx, caller, _BY_STATE, filters):
        found.setdefault(row.state, []).append(row)
    return [
        StateTotal(
            state,
            sum(int(row.number) for row in rows),
            [format_amount(int(row.amount), row.currency_symbol, row.currency_code) for row in rows],
        )
        for state, rows in sorted(found.items())
    ]


def show(tx: Transaction, caller: Caller, id: int) -> InvoiceOverview:
    """Return an invoice; raises ``NotFound`` if there is none, then ``Forbidden``."""
    return _represent(reading.find(tx, caller, id))


def _represent(row: Row) -> InvoiceOverview:
    return InvoiceOverview(
        id=row.id,
        reference=row.reference,
        invoice_date=row.invoice_date,
        state=row.state,
        project_name=row.project_name,
        recipient_details=row.recipient_details,
        total_amount=format_amount(row.total_amount, row.currency_symbol, row.currency_code),
        entries=row.entries_count,
        expenses=row.expenses_count,
    )


_BY_STATE: SumQuery = (
    select(
        invoices.c.state,
        invoices.c.currency_code,
        invoices.c.currency_symbol,
        func.count().label("number"),
        func.sum(invoices.c.total_amount).label("amount"),
    )
    .where(invoices.c.account_id == bindparam("account"))
    .group_by(invoices.c.state, invoices.c.currency_code, invoices.c.currency_symbol)
)
