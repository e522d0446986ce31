"""What is on an invoice: take entries and expenses off, and add unbilled work."""

from hourhook.domain import inputs
from hourhook.domain.entries import reading as entries_reading
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.expenses import reading as expenses_reading
from hourhook.domain.expenses.reading import ExpenseFilters
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.invoices import items, overviews
from hourhook.domain.invoices.items import (
    InvoiceEntriesAdd,
    InvoiceEntriesRemove,
    InvoiceExpensesAdd,
    InvoiceExpensesRemove,
)
from hourhook.web.invoices import unbilled_work
from hourhook.web.invoices.listing import PATH
from hourhook.web.invoices.showing import ONE
from hourhook.web.pages import Action, Pages, Redirect, Values, View

pages = Pages()


@pages.get(ONE + "/entries", template="invoices/entries", role="leader", feature="invoicing")
def entries(view: View, invoice_id: int) -> Values:
    invoice = overviews.show(view.tx, view.caller, invoice_id)
    found = entries_reading.list_without_total(
        view.tx, view.caller, EntryFilters(invoice_ids=[invoice_id]), ValidationErrors("Entry"), view.pagination
    )
    return {"invoice": invoice, "entries": found, "total": invoice.entries, "pagination": view.pagination}


@pages.post(ONE + "/entries", role="leader", feature="invoicing")
def remove_entries(action: Action, invoice_id: int) -> Redirect:
    path = f"{PATH}/{invoice_id}"
    if action.fields.get("act") == "remove_all":
        items.remove_all_entries(action.tx, action.caller, invoice_id)
        return Redirect(path, "All entries are off the invoice.")
    params, errors = action.parse(InvoiceEntriesRemove, resource="Invoice", entry_ids=_ticked(action))
    items.remove_entries(action.tx, action.caller, invoice_id, params, errors)
    return Redirect(path, "The entries are off the invoice and can be billed again.")


@pages.get(ONE + "/expenses", template="invoices/expenses", role="leader", feature="invoicing")
def expenses(view: View, invoice_id: int) -> Values:
    invoice = overviews.show(view.tx, view.caller, invoice_id)
    found = expenses_reading.list_page(
        view.tx, view.caller, ExpenseFilters(invoice_ids=[invoice_id]), ValidationErrors("Expense"), view.pagination
    )
    return {"invoice": invoice, "expenses": found.items, "total": found.total, "pagination": view.pagination}


@pages.post(ONE + "/expenses", role="leader", feature="invoicing")
def remove_expenses(action: Action, invoice_id: int) -> Redirect:
    path = f"{PATH}/{invoice_id}"
    if action.fields.get("act") == "remove_all":
        items.remove_all_expenses(action.tx, action.caller, invoice_id)
        return Redirect(path, "All expenses are off the invoice.")
    params, errors = action.parse(InvoiceExpensesRemove, resource="Invoice", expense_ids=_ticked(action))
    items.remove_expenses(action.tx, action.caller, invoice_id, params, errors)
    return Redirect(path, "The expenses are off the invoice and can be billed again.")


@pages.get(ONE + "/add", template="invoices/add", role="leader", feature="invoicing")
def choose(view: View, invoice_id: int) -> Values | Redirect:
    invoice = overviews.show(view.tx, view.caller, invoice_id)
    if invoice.is_settled:
        return Redirect(f"{PATH}/{invoice_id}")
    return {**unbilled_work.read(view), "invoice": invoice, "ticked": ()}


@pages.post(ONE + "/add", role="leader", feature="invoicing")
def add(action: Action, invoice_id: int) -> Redirect:
    ids = unbilled_work.find_ids(action)
    unbilled_work.require_choice(ids)
    if ids["entry_ids"]:
        entries_added, errors = inputs.parse(InvoiceEntriesAdd, ids, resource="Invoice")
        items.add_entries(action.tx, action.caller, invoice_id, entries_added, errors)
    if ids["expense_ids"]:
        expenses_added, errors = inputs.parse(InvoiceExpensesAdd, ids, resource="Invoice")
        items.add_expenses(action.tx, action.caller, invoice_id, expenses_added, errors)
    return Redirect(f"{PATH}/{invoice_id}", "Added to the invoice.")


def _ticked(action: Action) -> str:
    return ",".join(action.fields.lists.get("ids", ()))
