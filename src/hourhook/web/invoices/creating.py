"""``/invoices/new``: an invoice of unbilled work, with a preview of its lines."""

from hourhook.domain import inputs
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.invoices import editing, numbering, unbilled
from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.editing import InvoiceCreate
from hourhook.domain.invoices.totals import FLAT
from hourhook.domain.invoices.unbilled import UnbilledFilters
from hourhook.errors import ValidationFailed
from hourhook.web.form_state import FormState, refused
from hourhook.web.forms import FormFields
from hourhook.web.invoices import unbilled_work
from hourhook.web.invoices.fields import METHODS, RATES, has_rates, read_rates, read_taxes
from hourhook.web.invoices.listing import PATH
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.rendering import with_query

TAX_ROWS = 2
pages = Pages()


@pages.get(f"{PATH}/new", template="invoices/new", role="leader", feature="invoicing")
def new(view: View) -> Values:
    return {
        **_preview(view),
        "methods": METHODS,
        "tax_rows": range(TAX_ROWS),
        "currencies": [(code, f"{code}: {currency.name}") for code, currency in CURRENCIES.items()],
        "next_reference": numbering.next_reference(view.tx, view.caller.account_id),
    }


@pages.get(f"{PATH}/preview", template="invoices/preview_alone", role="leader", feature="invoicing", is_bare=True)
def preview(view: View) -> Values:
    """Say what the form of a new invoice will become, while somebody fills it in."""
    return _preview(view)


@pages.post(f"{PATH}/new", role="leader", feature="invoicing")
def create(action: Action) -> Redirect:
    if action.fields.get("act") == "preview":
        shown = {name: found for name, found in action.fields.lists.items() if name not in ("csrf_token", "act")}
        return Redirect(f"{PATH}/new{with_query(shown)}")
    ids = unbilled_work.find_ids(action)
    if action.fields.get(RATES + "calculation_method") != FLAT:
        unbilled_work.require_choice(ids)
    params, errors = _parse(action.fields, **ids)
    invoice = editing.create(action.tx, action.caller, params, errors)
    return Redirect(f"{PATH}/{invoice.id}", "Invoice created.")


def _preview(view: View) -> dict[str, object]:
    """Return the unbilled work and, if the form was filled in, what its invoice comes to."""
    work = unbilled_work.read(view)
    form = view.form
    lists = form.lists
    if not form.is_refused:
        # The form is in the URL: it was sent for a preview.
        lists = view.query
        form = FormState({name: values[-1] for name, values in lists.items() if values}, lists)
    fields = FormFields([(name, value) for name, values in lists.items() for value in values])
    filters, found = work["unbilled_filters"], work["unbilled"]
    assert isinstance(filters, UnbilledFilters)
    assert isinstance(found, list)
    if "projects" not in lists and not view.form.is_refused and (len(found) == 1 or view.argument("project_ids")):
        # There is nothing to choose.
        lists = {**lists, "projects": [str(each.key) for each in found]}
    chosen = unbilled_work.chosen_of(found, lists)
    preview, problem = None, None
    try:
        inputs_of_form = _parse(fields, invoice_date=view.display.today)
        preview = unbilled.preview(view.tx, view.caller, filters, chosen, *inputs_of_form)
    except ValidationFailed as error:
        problem = next(iter(refused({}, {}, error).errors.values()))
    return {
        **work,
        "form": form,
        "chosen": chosen,
        "preview": preview,
        "problem": problem,
        "ticked": [each.key for each in chosen],
    }


def _parse(fields: FormFields, **more: object) -> tuple[InvoiceCreate, ValidationErrors]:
    values: dict[str, object] = {
        name: fields[name] for name in ("invoice_date", "reference", "recipient_details") if fields.get(name)
    }
    currency = fields.get("customization.currency_code")
    return inputs.parse(
        InvoiceCreate,
        {
            **values,
            **({"customization": {"currency_code": currency}} if currency else {}),
            **({"rate_calculation": read_rates(fields)} if has_rates(fields) else {}),
            "taxes": read_taxes(fields.lists),
            **{name: str(value) if name == "invoice_date" else value for name, value in more.items()},
        },
        resource="Invoice",
    )
