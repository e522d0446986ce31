"""Find and list invoices; only leaders and supervisors can see them."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Annotated, Any

from sqlalchemy import ColumnElement, bindparam, func, select, true, union

from hourhook.domain.callers import Caller
from hourhook.domain.decimals import AMOUNT_DIGITS
from hourhook.domain.enums import INVOICE_STATES
from hourhook.domain.inputs import (
    UNSET,
    Boolean,
    Day,
    IdList,
    Inputs,
    Moment,
    Text,
    UnsetType,
    ValidationErrors,
    choice,
)
from hourhook.domain.inputs.numbers import DecimalBoundField
from hourhook.domain.invoices import rules
from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.domain.invoices.membership import invoice_of
from hourhook.domain.invoices.representations import COLUMNS, Invoice, represent
from hourhook.domain.invoices.totals import METHODS
from hourhook.domain.listings import Listing, active_filters, id_conditions
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.errors import NotFound
from hourhook.store.schema import entries, expenses, invoices
from hourhook.store.statements import Row, Statement, any_of, contains, in_subquery
from hourhook.store.transaction import Transaction

State = Annotated[str, choice(*INVOICE_STATES)]
Locale = Annotated[str, choice(*LOCALE_CURRENCIES)]
CurrencyCode = Annotated[str, choice(*CURRENCIES)]
Method = Annotated[str, choice(*METHODS)]

AmountFrom = Annotated[int, DecimalBoundField(ROUND_CEILING, AMOUNT_DIGITS)]
AmountTo = Annotated[int, DecimalBoundField(ROUND_FLOOR, AMOUNT_DIGITS)]


class InvoiceFilters(Inputs):
    """Filters of invoices."""

    state: Annotated[State, "State is exactly this."] | UnsetType = UNSET
    reference: Annotated[Text, "Reference contains this text."] | UnsetType = UNSET
    invoice_date_from: Annotated[Day, "On or after this date."] | UnsetType = UNSET
    invoice_date_to: Annotated[Day, "On or before this date."] | UnsetType = UNSET
    project_name: Annotated[Text, "Project name on the invoice contains this text."] | UnsetType = UNSET
    total_amount_from: Annotated[AmountFrom, "Total is at least this."] | UnsetType = UNSET
    total_amount_to: Annotated[AmountTo, "Total is at most this."] | UnsetType = UNSET
    recipient_details: Annotated[Text, "Recipient's address contains this text."] | UnsetType = UNSET
    project_ids: Annotated[IdList, "Contains entries or expenses of any of these projects."] | UnsetType = UNSET
    company_name: Annotated[Text, "Issuer's name contains this text."] | UnsetType = UNSET
    company_details: Annotated[Text, "Issuer's address contains this text."] | UnsetType = UNSET
    description: Annotated[Text, "Description contains this text."] | UnsetType = UNSET
    footer: Annotated[Text, "Footer contains this text."] | UnsetType = UNSET
    has_online_payment_details: (
        Annotated[Boolean, "`true`: only those payable by PayPal or Stripe; `false`: only the others."] | UnsetType
    ) = UNSET
    has_custom_html: (
        Annotated[Boolean, "`true`: only those with custom HTML; `false`: only those without."] | UnsetType
    ) = UNSET
    show_hours_worked: Boolean | UnsetType = UNSET
    show_full_report: Boolean | UnsetType = UNSET
    show_user_summaries: Boolean | UnsetType = UNSET
    show_project_summaries: Boolean | UnsetType = UNSET
    show_project_name_for_expenses: Boolean | UnsetType = UNSET
    locale: Annotated[Locale, "Locale is exactly this."] | UnsetType = UNSET
    currency_code: Annotated[CurrencyCode, "Currency is exactly this."] | UnsetType = UNSET
    currency_symbol: Annotated[Text, "Currency symbol contains this text."] | UnsetType = UNSET
    rate_calculation: Annotated[Method, "Calculation method is exactly this."] | UnsetType = UNSET
    updated_from: Annotated[Moment, "Updated at or after this time."] | UnsetType = UNSET
    updated_to: Annotated[Moment, "Updated at or before this time."] | UnsetType = UNSET


_TEXTS = (
    "reference", "project_name", "recipient_details", "company_name", "company_details", "description", "footer",
    "currency_symbol",
)  # fmt: skip
_FLAGS = (
    "show_hours_worked", "show_full_report", "show_user_summaries", "show_project_summaries",
    "show_project_name_for_expenses",
)  # fmt: skip


def list_page(
    tx: Transaction, caller: Caller, params: InvoiceFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[Invoice]:
    """List the invoices of the account, newest date first."""
    rows, total = LISTING.read(tx, caller, pagination, resolve_filters(caller, params, errors))
    return Page(represent(tx, caller.account_id, caller.links, rows), total)


def resolve_filters(caller: Caller, params: InvoiceFilters, errors: ValidationErrors) -> dict[str, Any]:
    """Return the filters of ``LISTING`` in these inputs; raises ``Forbidden`` and ``ValidationFailed``."""
    caller.require_role("leader")
    errors.raise_if_any()
    filters = active_filters(params)
    for name in filters.keys() & {*_TEXTS}:
        filters[name] = search_key(filters[name])
    return filters


def show(tx: Transaction, caller: Caller, id: int) -> Invoice:
    """Return the representation of an invoice; raises ``NotFound`` if there is none, then ``Forbidden``."""
    return represent(tx, caller.account_id, caller.links, [find(tx, caller, id)])[0]


def show_editable(tx: Transaction, caller: Caller, id: int) -> Invoice:
    """Return an invoice that can be changed; raises as ``show`` does, then ``ValidationFailed`` if it is settled."""
    row = find(tx, caller, id)
    rules.refuse_uneditable(row)
    return represent(tx, caller.account_id, caller.links, [row])[0]


def find(tx: Transaction, caller: Caller, id: int) -> Row:
    """Return the row of an invoice for ``represent``; raises ``NotFound`` if there is none, then ``Forbidden``."""
    row = find_row(tx, caller.account_id, id)
    if row is None:
        raise NotFound
    caller.require_role("leader")
    return row


def require(tx: Transaction, caller: Caller, id: int) -> None:
    """Raise ``NotFound`` if there is no such invoice, then ``Forbidden`` if the caller may not see invoices."""
    find(tx, caller, id)


def find_row(tx: Transaction, account_id: int, id: int) -> Row | None:
    """Return the row of an invoice of an account, without checking a role."""
    return tx.one(_FIND, account=account_id, id=id)


def find_rows(tx: Transaction, account_id: int, ids: Sequence[int]) -> Sequence[Row]:
    """Return the rows of these invoices of an account, in ascending id, without checking a role."""
    return tx.all(_FIND_MANY, account=account_id, ids=[*ids])


_OF_ACCOUNT = select(*COLUMNS).where(invoices.c.account_id == bindparam("account"))
_FIND = Statement(_OF_ACCOUNT.where(invoices.c.id == bindparam("id")))
_FIND_MANY = Statement(_OF_ACCOUNT.where(any_of(invoices.c.id, "ids")).order_by(invoices.c.id))

_allows_online_payment = invoices.c.allow_paypal_invoice.is_(True) | invoices.c.allow_stripe_connect_payment.is_(True)


def _of_projects() -> dict[str, ColumnElement[bool]]:
    def has_items_of(condition: str) -> ColumnElement[bool]:
        found = union(
            *(
                select(invoice_of(items)).where(
                    items.c.account_id == bindparam("account"),
                    id_conditions(items.c.project_id, "project_ids")[condition],
                )
                for items in (entries, expenses)
            )
        )
        return in_subquery(invoices.c.id, found)

    return {name: has_items_of(name) for name in ("project_ids", "project_ids_only")}


LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(invoices).where(invoices.c.account_id == bindparam("account")),
    id=invoices.c.id,
    order=(invoices.c.invoice_date.desc(), invoices.c.id.desc()),
    visible=lambda _: true(),
    conditions={
        "state": invoices.c.state == bindparam("state"),
        "invoice_date_from": invoices.c.invoice_date >= bindparam("invoice_date_from"),
        "invoice_date_to": invoices.c.invoice_date <= bindparam("invoice_date_to"),
        "total_amount_from": invoices.c.total_amount >= bindparam("total_amount_from"),
        "total_amount_to": invoices.c.total_amount <= bindparam("total_amount_to"),
        **_of_projects(),
        **{name: contains(invoices.c[f"{name}_key"], name) for name in _TEXTS},
        **{name: invoices.c[name].is_(True) for name in _FLAGS},
        **{f"not {name}": invoices.c[name].is_(False) for name in _FLAGS},
        "has_online_payment_details": _allows_online_payment,
        "not has_online_payment_details": ~_allows_online_payment,
        "has_custom_html": invoices.c.custom_html.is_not(None),
        "not has_custom_html": invoices.c.custom_html.is_(None),
        "locale": invoices.c.locale == bindparam("locale"),
        "currency_code": invoices.c.currency_code == bindparam("currency_code"),
        "rate_calculation": invoices.c.calculation_method == bindparam("rate_calculation"),
        "updated_from": invoices.c.updated_at >= bindparam("updated_from"),
        "updated_to": invoices.c.updated_at <= bindparam("updated_to"),
    },
)
