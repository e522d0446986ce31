"""``/v2/invoices``: entries and expenses billed together (contract, invoices.md)."""

from functools import partial

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.expenses import reading as expenses_reading
from hourhook.domain.expenses.reading import ExpenseFilters
from hourhook.domain.expenses.representations import Expense
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.invoices import editing, items, paying, reading, taxing
from hourhook.domain.invoices.editing import InvoiceChanges, NewInvoice
from hourhook.domain.invoices.items import AddedEntries, AddedExpenses, RemovedEntries, RemovedExpenses
from hourhook.domain.invoices.reading import InvoiceFilters
from hourhook.domain.invoices.representations import Invoice
from hourhook.domain.invoices.taxing import AddedTaxes, RemovedTaxes
from hourhook.domain.pages import Page

endpoints = Endpoints("Invoices", resource="Invoice")
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


@_post("/v2/invoices")
def create(call: Call, params: NewInvoice, errors: ValidationErrors) -> Created[Invoice]:
    """Make an invoice.

    If any of the entries or expenses cannot be put on it, none is made. What is not said is taken over from the newest
    invoice that shares a project with it. Raises `invoice.created`; then `entry.updated` and `entry.updated.invoiced`
    for each entry, and `expense.updated` for each expense.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@_put("/v2/invoices/{invoice_id}")
def edit(call: Call, invoice_id: int, params: InvoiceChanges, errors: ValidationErrors) -> Invoice:
    """Edit an invoice.

    Its entries, expenses and taxes are changed by actions of their own. Raises `invoice.updated`.
    """
    return editing.edit(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/paid")
def mark_paid(call: Call, invoice_id: int) -> None:
    """Mark an invoice as paid.

    Nothing happens to one that is paid already. Raises `invoice.updated` and `invoice.updated.paid`.
    """
    paying.mark_paid(call.tx, call.caller, invoice_id)


@_put("/v2/invoices/{invoice_id}/unpaid")
def mark_unpaid(call: Call, invoice_id: int) -> None:
    """Mark an invoice as unpaid.

    Nothing happens to one that is unpaid already. Raises `invoice.updated` and `invoice.updated.unpaid`.
    """
    paying.mark_unpaid(call.tx, call.caller, invoice_id)


@_get("/v2/invoices/{invoice_id}/entries")
def index_entries(call: Call, invoice_id: int, params: EntryFilters, errors: ValidationErrors) -> Page[Entry]:
    """List the entries on an invoice."""
    return entries_reading.list_for_invoice(call.tx, call.caller, invoice_id, params, errors, call.pagination)


@_get("/v2/invoices/{invoice_id}/expenses")
def index_expenses(call: Call, invoice_id: int, params: ExpenseFilters, errors: ValidationErrors) -> Page[Expense]:
    """List the expenses on an invoice."""
    return expenses_reading.list_for_invoice(call.tx, call.caller, invoice_id, params, errors, call.pagination)


@_put("/v2/invoices/{invoice_id}/add_entries")
def add_entries(call: Call, invoice_id: int, params: AddedEntries, errors: ValidationErrors) -> None:
    """Put entries on an invoice.

    Raises `invoice.updated`, then `entry.updated` and `entry.updated.invoiced` for each entry.
    """
    items.add_entries(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_entries")
def remove_entries(call: Call, invoice_id: int, params: RemovedEntries, errors: ValidationErrors) -> None:
    """Take entries off an invoice.

    Raises `invoice.updated`, then `entry.updated` and `entry.updated.uninvoiced` for each entry.
    """
    items.remove_entries(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_all_entries")
def remove_all_entries(call: Call, invoice_id: int) -> None:
    """Take all entries off an invoice.

    Raises `invoice.updated`, then `entry.updated` and `entry.updated.uninvoiced` for each entry.
    """
    items.remove_all_entries(call.tx, call.caller, invoice_id)


@_put("/v2/invoices/{invoice_id}/add_expenses")
def add_expenses(call: Call, invoice_id: int, params: AddedExpenses, errors: ValidationErrors) -> None:
    """Put expenses on an invoice.

    Raises `invoice.updated`, then `expense.updated` for each expense.
    """
    items.add_expenses(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_expenses")
def remove_expenses(call: Call, invoice_id: int, params: RemovedExpenses, errors: ValidationErrors) -> None:
    """Take expenses off an invoice.

    Raises `invoice.updated`, then `expense.updated` for each expense.
    """
    items.remove_expenses(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_all_expenses")
def remove_all_expenses(call: Call, invoice_id: int) -> None:
    """Take all expenses off an invoice.

    Raises `invoice.updated`, then `expense.updated` for each expense.
    """
    items.remove_all_expenses(call.tx, call.caller, invoice_id)


@_put("/v2/invoices/{invoice_id}/add_taxes")
def add_taxes(call: Call, invoice_id: int, params: AddedTaxes, errors: ValidationErrors) -> None:
    """Add taxes to an invoice.

    Raises `invoice.updated`.
    """
    taxing.add(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_taxes")
def remove_taxes(call: Call, invoice_id: int, params: RemovedTaxes, errors: ValidationErrors) -> None:
    """Remove taxes from an invoice.

    Raises `invoice.updated`, if it had any of them.
    """
    taxing.remove(call.tx, call.caller, invoice_id, params, errors)


@_put("/v2/invoices/{invoice_id}/remove_all_taxes")
def remove_all_taxes(call: Call, invoice_id: int) -> None:
    """Remove all taxes from an invoice.

    Raises `invoice.updated`, if it had any.
    """
    taxing.remove_all(call.tx, call.caller, invoice_id)


@_delete("/v2/invoices/{invoice_id}")
def remove(call: Call, invoice_id: int) -> None:
    """Delete an invoice.

    What was on it is not invoiced any more. Raises `entry.updated` and `entry.updated.uninvoiced` for each entry,
    `expense.updated` for each expense, then `invoice.deleted`.
    """
    editing.remove(call.tx, call.caller, invoice_id)
