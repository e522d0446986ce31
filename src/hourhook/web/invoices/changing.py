"""Edit and delete an invoice."""

from hourhook.domain.invoices import editing, reading, rules
from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.editing import InvoiceUpdate
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.domain.users import reading as users_reading
from hourhook.web.invoices.fields import FLAGS, LABEL_NAMES, METHODS, read_details
from hourhook.web.invoices.listing import PATH
from hourhook.web.invoices.showing import ONE
from hourhook.web.pages import Action, Pages, Redirect, Values, View

pages = Pages()


@pages.get(ONE + "/edit", template="invoices/edit", role="leader", feature="invoicing")
def edit(view: View, invoice_id: int) -> Values | Redirect:
    invoice = reading.show(view.tx, view.caller, invoice_id)
    if invoice.state in rules.SETTLED_STATES:
        # That page says why.
        return Redirect(f"{PATH}/{invoice_id}")
    return {
        "invoice": invoice,
        "people": users_reading.list_choices(view.tx, view.caller),
        "rates": {rate.user: rate.hourly_rate for rate in invoice.rate_calculation.custom_hourly_rates},
        "methods": METHODS,
        "flags": FLAGS,
        "labels": LABEL_NAMES,
        "currencies": [(code, f"{code}: {currency.name}") for code, currency in CURRENCIES.items()],
        "locales": [(code, code) for code in LOCALE_CURRENCIES],
    }


@pages.post(ONE + "/edit", role="leader", feature="invoicing")
def save(action: Action, invoice_id: int) -> Redirect:
    params, errors = action.parse(InvoiceUpdate, resource="Invoice", **read_details(action.fields))
    editing.edit(action.tx, action.caller, invoice_id, params, errors)
    return Redirect(f"{PATH}/{invoice_id}", "Saved.")


@pages.get(ONE + "/delete", template="invoices/delete", role="leader", feature="invoicing")
def confirm_delete(view: View, invoice_id: int) -> Values:
    return {"invoice": reading.show(view.tx, view.caller, invoice_id)}


@pages.post(ONE + "/delete", role="leader", feature="invoicing")
def delete(action: Action, invoice_id: int) -> Redirect:
    invoice = reading.show(action.tx, action.caller, invoice_id)
    editing.remove(action.tx, action.caller, invoice_id)
    return Redirect(PATH, f"Invoice {invoice.reference} deleted.")
