"""``/v2/invoices``: invoices with their entries, expenses and taxes (``docs/api/invoices.md``)."""

from functools import partial

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.expenses import reading as expenses_reading
from hourhook.domain.expenses.reading import ExpenseFilters
from hourhook.domain.expenses.representations import Expense
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.invoices import breakdown, editing, items, paying, reading, taxing
from hourhook.domain.invoices.breakdown import Breakdown
from hourhook.domain.invoices.editing import InvoiceCreate, InvoiceUpdate
from hourhook.domain.invoices.items import (
    InvoiceEntriesAdd,
    InvoiceEntriesRemove,
    InvoiceExpensesAdd,
    InvoiceExpensesRemove,
)
from hourhook.domain.invoices.reading import InvoiceFilters
from hourhook.domain.invoices.representations import Invoice
from hourhook.domain.invoices.taxing import InvoiceTaxesAdd, InvoiceTaxesRemove
from hourhook.domain.pages import Page

endpoints = Endpoints(
    "Invoices",
    resource="Invoice",
    description="Entries and expenses billed together, with rates, taxes and totals.",
)
_get, _post, _put, _delete = (
    partial(declare, role="leader", feature="invoicing")
    for declare in (endpoints.get, endpoints.post, endpoints.put, endpoints.delete)
)


@_get("/v2/invoices")
def index(call: Call, params: InvoiceFilters, errors: ValidationErrors) -> Page[Invoice]:
    """List invoices, newest date first."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@_get("/v2/invoices/{invoice_id}")
def show(call: Call, invoice_id: int) -> Invoice:
    """Show an invoice."""
    return reading.show(call.tx, call.caller, invoice_id)


@_get("/v2/invoices/{invoice_id}/breakdown", operation_id="show_invoice_breakdown")
def show_breakdown(call: Call, invoice_id: int) -> Breakdown:
    """Show the parts of an invoice, which sum to its total exactly.

    Beyond the Noko v2 API. Amounts are strings in the digits of the currency.
    """
    return breakdown.read(call.tx, call.caller, invoice_id)


@_post("/v2/invoices")
def create(call: Call, params: InvoiceCreate, errors: ValidationErrors) -> Created[Invoice]:
    """Create an invoice.

    If any entry or expense is not eligible, no invoice is created. Absent inputs default to those of the newest invoice
    that shares a project with it. Raises `invoice.created`; then `entry.updated` and `entry.updated.invoiced` for each
    entry, and `expense.updated` for each expense.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@_put("/v2/invoices/{invoice_id}")
def edit(call: Call, invoice_id: int, params: InvoiceUpdate, errors: ValidationErrors) -> Invoice:
    """Edit an invoice.

    Entries, expenses and taxes have endpoints of their own. Raises `invoice.updated`.
    """
    return editing.edit(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/paid")
def mark_paid(call: Call, invoice_id: int) -> None:
    """Mark an invoice as paid.

    Idempotent: changes nothing if it is already paid. Raises `invoice.updated` and `invoice.updated.paid`.
    """
    paying.mark_paid(call.tx, call.caller, invoice_id)


@_put("/v2/invoices/{invoice_id}/unpaid")
def mark_unpaid(call: Call, invoice_id: int) -> None:
    """Mark an invoice as unpaid.

    Idempotent: changes nothing if it is already unpaid. Raises `invoice.updated` and `invoice.updated.unpaid`.
    """
    paying.mark_unpaid(call.tx, call.caller, invoice_id)


@_get("/v2/invoices/{invoice_id}/entries")
def index_entries(call: Call, invoice_id: int, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List the entries of an invoice."""
    return entries_reading.list_for_invoice(call.tx, call.caller, invoice_id, params, errors, call.pagination)


@_get("/v2/invoices/{invoice_id}/expenses")
def index_expenses(call: Call, invoice_id: int, params: ExpenseFilters, errors: ValidationErrors) -> Page[Expense]:
    """List the expenses of an invoice."""
    return expenses_reading.list_for_invoice(call.tx, call.caller, invoice_id, params, errors, call.pagination)


@_put("/v2/invoices/{invoice_id}/add_entries")
def add_entries(call: Call, invoice_id: int, params: InvoiceEntriesAdd, errors: ValidationErrors) -> None:
    """Add entries to an invoice.

    Raises `invoice.updated`, then `entry.updated` and `entry.updated.invoiced` for each entry.
    """
    items.add_entries(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_entries")
def remove_entries(call: Call, invoice_id: int, params: InvoiceEntriesRemove, errors: ValidationErrors) -> None:
    """Remove entries from an invoice.

    Raises `invoice.updated`, then `entry.updated` and `entry.updated.uninvoiced` for each entry.
    """
    items.remove_entries(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_all_entries")
def remove_all_entries(call: Call, invoice_id: int) -> None:
    """Remove all entries from an invoice.

    Raises `invoice.updated`, then `entry.updated` and `entry.updated.uninvoiced` for each entry.
    """
    items.remove_all_entries(call.tx, call.caller, invoice_id)


@_put("/v2/invoices/{invoice_id}/add_expenses")
def add_expenses(call: Call, invoice_id: int, params: InvoiceExpensesAdd, errors: ValidationErrors) -> None:
    """Add expenses to an invoice.

    Raises `invoice.updated`, then `expense.updated` for each expense.
    """
    items.add_expenses(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_expenses")
def remove_expenses(call: Call, invoice_id: int, params: InvoiceExpensesRemove, errors: ValidationErrors) -> None:
    """Remove expenses from an invoice.

    Raises `invoice.updated`, then `expense.updated` for each expense.
    """
    items.remove_expenses(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_all_expenses")
def remove_all_expenses(call: Call, invoice_id: int) -> None:
    """Remove all expenses from an invoice.

    Raises `invoice.updated`, then `expense.updated` for each expense.
    """
    items.remove_all_expenses(call.tx, call.caller, invoice_id)


@_put("/v2/invoices/{invoice_id}/add_taxes")
def add_taxes(call: Call, invoice_id: int, params: InvoiceTaxesAdd, errors: ValidationErrors) -> None:
    """Add taxes to an invoice.

    Raises `invoice.updated`.
    """
    taxing.add(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_taxes")
def remove_taxes(call: Call, invoice_id: int, params: InvoiceTaxesRemove, errors: ValidationErrors) -> None:
    """Remove taxes from an invoice.

    Raises `invoice.updated` if any was removed.
    """
    taxing.remove(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_all_taxes")
def remove_all_taxes(call: Call, invoice_id: int) -> None:
    """Remove all taxes from an invoice.

    Raises `invoice.updated` if any was removed.
    """
    taxing.remove_all(call.tx, call.caller, invoice_id)


@_delete("/v2/invoices/{invoice_id}")
def remove(call: Call, invoice_id: int) -> None:
    """Delete an invoice.

    Releases its entries and expenses. Raises `entry.updated` and `entry.updated.uninvoiced` for each entry,
    `expense.updated` for each expense, then `invoice.deleted`.
    """
    editing.remove(call.tx, call.caller, invoice_id)
