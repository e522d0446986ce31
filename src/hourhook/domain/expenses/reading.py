"""Find and list expenses (``docs/api/expenses.md#filters``)."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from sqlalchemy import bindparam, exists, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.expenses.representations import COLUMNS, JOINED, Expense, represent
from hourhook.domain.inputs import (
    UNSET,
    Boolean,
    Day,
    DecimalFrom,
    DecimalTo,
    IdList,
    Inputs,
    Text,
    UnsetType,
    ValidationErrors,
)
from hourhook.domain.invoices import reading as invoices_reading
from hourhook.domain.listings import Listing, active_filters, id_conditions
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.search_keys import search_key
from hourhook.domain.users import reading as users_reading
from hourhook.domain.visibility import scope_of, visible_expenses
from hourhook.errors import NotFound
from hourhook.store.schema import expense_sums, expenses, invoice_expenses
from hourhook.store.statements import Row, Statement, contains, in_subquery
from hourhook.store.transaction import Transaction


class ExpenseFilters(Inputs, rename={"from_": "from"}):
    """Filters of the list of expenses."""

    user_ids: Annotated[IdList, "By any of these users."] | UnsetType = UNSET
    description: Annotated[Text, "Description contains this text."] | UnsetType = UNSET
    project_ids: Annotated[IdList, "On any of these projects."] | UnsetType = UNSET
    invoice_ids: Annotated[IdList, "On any of these invoices."] | UnsetType = UNSET
    from_: Annotated[Day, "On or after this date."] | UnsetType = UNSET
    to: Annotated[Day, "On or before this date."] | UnsetType = UNSET
    price_from: Annotated[DecimalFrom, "Price is at least this."] | UnsetType = UNSET
    price_to: Annotated[DecimalTo, "Price is at most this."] | UnsetType = UNSET
    taxable: Annotated[Boolean, "`true`: only taxable ones; `false`: only tax-free ones."] | UnsetType = UNSET
    invoiced: Annotated[Boolean, "`true`: only those on an invoice; `false`: only the others."] | UnsetType = UNSET


def list_page(
    tx: Transaction,
    caller: Caller,
    params: ExpenseFilters,
    errors: ValidationErrors,
    pagination: Pagination,
    **within: int,
) -> Page[Expense]:
    """List the expenses that the caller sees, newest date first."""
    errors.raise_if_any()
    filters = {**active_filters(params), **within}
    if "description" in filters:
        filters["description"] = search_key(filters["description"])
    if "invoice_ids" in filters and caller.is_scoped:
        # These roles cannot see invoices, so the filter must not reveal which expenses are on one.
        filters["invoice_ids"] = []
    rows, total = LISTING.read(tx, caller, pagination, filters)
    return Page([represent(caller.links, row, include_invoice=not caller.is_scoped) for row in rows], total)


def list_for_user(
    tx: Transaction,
    caller: Caller,
    user_id: int,
    params: ExpenseFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Expense]:
    """List the expenses of a user (raises ``NotFound``)."""
    if user_id != caller.user_id:
        users_reading.require(tx, caller, user_id)
    return list_page(tx, caller, params, errors, pagination, within_user=user_id)


def list_for_project(
    tx: Transaction,
    caller: Caller,
    project_id: int,
    params: ExpenseFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Expense]:
    """List the expenses of a project (raises ``NotFound``)."""
    projects_reading.require(tx, caller, project_id)
    return list_page(tx, caller, params, errors, pagination, within_project=project_id)


def list_for_invoice(
    tx: Transaction,
    caller: Caller,
    invoice_id: int,
    params: ExpenseFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Expense]:
    """List the expenses on an invoice (raises ``NotFound``)."""
    invoices_reading.require(tx, caller, invoice_id)
    return list_page(tx, caller, params, errors, pagination, within_invoice=invoice_id)


def show(tx: Transaction, caller: Caller, id: int) -> Expense:
    """Return an expense as the caller sees it (raises ``NotFound``)."""
    return represent(caller.links, _look_up(tx, caller, id), include_invoice=not caller.is_scoped)


def find(tx: Transaction, caller: Caller, id: int) -> Expense:
    """Return an expense with its invoice, even if the caller cannot see invoices (raises ``NotFound``)."""
    return represent(caller.links, _look_up(tx, caller, id))


def _look_up(tx: Transaction, caller: Caller, id: int) -> Row:
    row = tx.one(_find(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return row


@cache
def _find(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.where(expenses.c.id == bindparam("id"), visible_expenses(scope)))


_OF_ACCOUNT = select(*COLUMNS).select_from(JOINED).where(expenses.c.account_id == bindparam("account"))

_on_invoices = select(invoice_expenses.c.expense_id).where(invoice_expenses.c.account_id == bindparam("account"))
_is_invoiced = exists(_on_invoices.where(invoice_expenses.c.expense_id == expenses.c.id).correlate(expenses))

_COUNT = Statement(
    select(func.coalesce(func.sum(expense_sums.c.expenses_count), 0)).where(
        expense_sums.c.account_id == bindparam("account")
    )
)
_COUNT_INVOICED = Statement(
    select(func.count()).select_from(invoice_expenses).where(invoice_expenses.c.account_id == bindparam("account"))
)


def _known_total(tx: Transaction, caller: Caller, filters: Mapping[str, Any]) -> int | None:
    """Return the number of all expenses, of those on invoices, or of the others, without reading the expenses."""
    if filters.keys() == {"invoiced"}:
        return int(tx.value(_COUNT_INVOICED, account=caller.account_id))
    if filters and filters.keys() != {"not invoiced"}:
        return None
    total = int(tx.value(_COUNT, account=caller.account_id))
    return total - int(tx.value(_COUNT_INVOICED, account=caller.account_id)) if filters else total


LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(expenses).where(expenses.c.account_id == bindparam("account")),
    id=expenses.c.id,
    order=(expenses.c.date.desc(), expenses.c.id.desc()),
    visible=visible_expenses,
    is_large=True,
    indexed_texts={"description": "expenses"},
    indexed={
        ("user_ids",): "ix_expenses_account_id_user_id_date_id",
        ("project_ids",): "ix_expenses_account_id_project_id_date_id",
    },
    uncounted=frozenset({"description"}),
    known_total=_known_total,
    conditions={
        "within_user": expenses.c.user_id == bindparam("within_user"),
        "within_project": expenses.c.project_id == bindparam("within_project"),
        "within_invoice": in_subquery(
            expenses.c.id, _on_invoices.where(invoice_expenses.c.invoice_id == bindparam("within_invoice"))
        ),
        **id_conditions(expenses.c.user_id, "user_ids"),
        "description": contains(expenses.c.description_key, "description"),
        **id_conditions(expenses.c.project_id, "project_ids"),
        **{
            name: in_subquery(expenses.c.id, _on_invoices.where(condition))
            for name, condition in id_conditions(invoice_expenses.c.invoice_id, "invoice_ids").items()
        },
        "from_": expenses.c.date >= bindparam("from_"),
        "to": expenses.c.date <= bindparam("to"),
        "price_from": expenses.c.price >= bindparam("price_from"),
        "price_to": expenses.c.price <= bindparam("price_to"),
        "taxable": expenses.c.taxable.is_(True),
        "not taxable": expenses.c.taxable.is_(False),
        "invoiced": _is_invoiced,
        "not invoiced": ~_is_invoiced,
    },
)
