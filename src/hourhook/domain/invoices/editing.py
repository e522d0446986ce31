"""Create, edit and delete invoices (`docs/api/invoices.md`)."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Day, IdList, UnsetType, ValidationErrors
from hourhook.domain.invoices import customizing, items, rates, reading, rules, storing, taxing
from hourhook.domain.invoices.defaults import account_name, find_defaults_source
from hourhook.domain.invoices.details import FLAG_DEFAULTS, Details, read_details
from hourhook.domain.invoices.items import ENTRIES, EXPENSES, Eligibility, record_item_events
from hourhook.domain.invoices.numbering import new_share_token, next_reference
from hourhook.domain.invoices.rates import StoredRates
from hourhook.domain.invoices.recalculation import recalculate
from hourhook.domain.invoices.representations import Invoice, represent
from hourhook.domain.summaries import SimpleInvoice, summarize
from hourhook.store.statements import Row
from hourhook.store.transaction import Transaction

Addable = Annotated[IdList, "Added to the invoice; if any of them cannot be added, no invoice is created."]


class InvoiceCreate(Details):
    """An invoice to create."""

    required: ClassVar = ("invoice_date",)
    invoice_date: Annotated[Day, "The date of issue."] | UnsetType = UNSET
    entry_ids: Addable | UnsetType | None = UNSET
    expense_ids: Addable | UnsetType | None = UNSET
    taxes: taxing.Taxes | UnsetType | None = UNSET


class InvoiceUpdate(Details):
    """Changes to an invoice. Absent properties, including those of `customization`, keep their values.

    `rate_calculation` is replaced as a whole. Entries, expenses and taxes have actions of their own.
    """

    invoice_date: Day | UnsetType = UNSET


def create(tx: Transaction, caller: Caller, params: InvoiceCreate, errors: ValidationErrors) -> Invoice:
    """Create an invoice and record its event, then those of its entries and expenses."""
    caller.require_role("leader")
    eligibility = [
        items.check_eligibility(tx, ENTRIES, params.entry_ids or []),
        items.check_eligibility(tx, EXPENSES, params.expense_ids or []),
    ]
    _check(tx, caller, params, errors)
    items.check(errors, *eligibility)
    initial = _initial_values(tx, params, eligibility)
    id = storing.insert(tx, initial.columns)
    rates.store_custom(tx, id, initial.rates)
    if params.taxes:
        taxing.store(tx, id, params.taxes)
    for each in eligibility:
        items.attach(tx, each.kind, id, each.ids)
    recalculate(tx, [id])
    created = reading.show(tx, caller, id)
    recording.record_creation(tx, "invoice", created)
    for each in eligibility:
        record_item_events(tx, caller, each.kind, each.ids, None)
    return created


def edit(tx: Transaction, caller: Caller, id: int, params: InvoiceUpdate, errors: ValidationErrors) -> Invoice:
    row = reading.find(tx, caller, id)
    rules.refuse_uneditable(row)
    _check(tx, caller, params, errors)
    errors.raise_if_any()
    before = represent(tx, caller.account_id, caller.links, [row])[0]
    stored_rates = rates.read_stored(tx, row)
    customization = customizing.update_customization(params.customization, row)
    new_rates = _rates(params, stored_rates, customization["currency_code"])
    stored = {name: getattr(row, name) for name in storing.EDITABLE_FIELDS}
    columns = {
        **stored,
        **read_details(params),
        **({"invoice_date": params.invoice_date} if params.invoice_date else {}),
        **customizing.as_columns(customization),
        **new_rates.as_columns(),
    }
    if columns == stored and new_rates == stored_rates:
        return before
    if customization != customizing.read_stored(row):
        columns["customized_at"] = tx.event_time
    storing.update_row(tx, id, columns)
    if new_rates != stored_rates:
        rates.store_custom(tx, id, new_rates)
    return storing.record_change(tx, caller, before)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete an invoice; its entries and expenses are released and can be invoiced again."""
    before = reading.show_editable(tx, caller, id)
    previous = summarize(SimpleInvoice, before)
    for kind in (ENTRIES, EXPENSES):
        ids = items.find_attached(tx, kind, id)
        items.detach(tx, kind, ids)
        record_item_events(tx, caller, kind, ids, previous)
    recording.record_deletion(tx, "invoice", before)
    storing.delete_rows(tx, id)


@dataclass(frozen=True, slots=True)
class _InitialValues:
    """The values of a new invoice: those that were sent, then those of the previous one, then defaults."""

    columns: dict[str, Any]
    rates: StoredRates


def _initial_values(tx: Transaction, params: InvoiceCreate, eligibility: list[Eligibility]) -> _InitialValues:
    projects = {id: row for each in eligibility for id, row in each.projects.items()}
    previous = find_defaults_source(tx, tx.account_id, projects.keys())
    details = read_details(params)
    reference = details.pop("reference", "") or next_reference(tx, tx.account_id)
    customization = customizing.build_customization(params.customization, previous, reference)
    names = sorted(projects.values(), key=lambda row: str(row.project_name_key))
    columns = {
        "invoice_date": params.invoice_date,
        "project_name": ", ".join(row.project_name for row in names),
        "description": "",
        "footer": "",
        **FLAG_DEFAULTS,
        **_addresses(tx, previous),
        **details,
        "reference": reference,
        "share_token": new_share_token(),
        **customizing.as_columns(customization),
    }
    inherited = StoredRates() if previous is None else rates.read_stored(tx, previous)
    initial_rates = _rates(params, inherited, customization["currency_code"])
    return _InitialValues({**columns, **initial_rates.as_columns()}, initial_rates)


def _rates(params: Details, stored: StoredRates, currency_code: str) -> StoredRates:
    """Return the rates that were sent, or else the stored ones, with the digits of the currency."""
    if params.rate_calculation:
        return rates.from_input(params.rate_calculation, currency_code)
    return stored.in_currency(currency_code)


def _addresses(tx: Transaction, previous: Row | None) -> dict[str, str]:
    if previous is None:
        return {"company_name": account_name(tx), "company_details": "", "recipient_details": ""}
    return {name: getattr(previous, name) for name in ("company_name", "company_details", "recipient_details")}


def _check(tx: Transaction, caller: Caller, params: Details, errors: ValidationErrors) -> None:
    rates.validate(tx, caller, params.rate_calculation, errors)
    customizing.check_locale(errors, params.customization)
