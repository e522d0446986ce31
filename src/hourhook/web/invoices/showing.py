"""``/invoices/ID``: an invoice with its lines, its public link, its taxes and payments."""

from hourhook.domain.invoices import breakdown, paying, rules, taxing
from hourhook.domain.invoices.taxing import InvoiceTaxesAdd, InvoiceTaxesRemove
from hourhook.web.invoices.fields import METHODS, STATES, read_taxes
from hourhook.web.invoices.listing import PATH
from hourhook.web.pages import Action, Pages, Redirect, Values, View

ONE = PATH + "/{invoice_id}"
pages = Pages()


@pages.get(ONE, template="invoices/show", role="leader", feature="invoicing")
def show(view: View, invoice_id: int) -> Values:
    invoice, parts = breakdown.read_with_invoice(view.tx, view.caller, invoice_id)
    return {
        "invoice": invoice,
        "parts": parts,
        "is_settled": invoice.state in rules.SETTLED_STATES,
        "states": STATES,
        "method": dict(METHODS)[invoice.rate_calculation.calculation_method],
    }


@pages.post(ONE + "/paid", role="leader", feature="invoicing", refused_on=ONE)
def mark_paid(action: Action, invoice_id: int) -> Redirect:
    paying.mark_paid(action.tx, action.caller, invoice_id)
    return Redirect(f"{PATH}/{invoice_id}", "Marked as paid. Its amounts are fixed now.")


@pages.post(ONE + "/unpaid", role="leader", feature="invoicing", refused_on=ONE)
def mark_unpaid(action: Action, invoice_id: int) -> Redirect:
    paying.mark_unpaid(action.tx, action.caller, invoice_id)
    return Redirect(f"{PATH}/{invoice_id}", "Marked as unpaid. Its amounts follow its entries and expenses again.")


@pages.post(ONE + "/taxes", role="leader", feature="invoicing", refused_on=ONE)
def change_taxes(action: Action, invoice_id: int) -> Redirect:
    """Add a tax, remove one, or remove all."""
    path = f"{PATH}/{invoice_id}"
    if action.fields.get("act") == "remove_all":
        taxing.remove_all(action.tx, action.caller, invoice_id)
        return Redirect(path, "All taxes removed.")
    if "tax_ids" in action.fields:
        params, errors = action.parse(InvoiceTaxesRemove, resource="Invoice")
        taxing.remove(action.tx, action.caller, invoice_id, params, errors)
        return Redirect(path, "Tax removed.")
    taxes = read_taxes(action.fields.lists) or [{"name": "", "percentage": ""}]
    added, errors = action.parse(InvoiceTaxesAdd, resource="Invoice", taxes=taxes)
    taxing.add(action.tx, action.caller, invoice_id, added, errors)
    return Redirect(path, "Tax added.")
