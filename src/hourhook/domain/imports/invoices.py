"""Import invoices with their rates, taxes, payments, entries and expenses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hourhook.domain.enums import INVOICE_STATES
from hourhook.domain.events import recording
from hourhook.domain.imports.context import ImportContext
from hourhook.domain.imports.source_objects import (
    SkippedObject,
    SourceInvoice,
    parse_day,
    parse_moment,
    to_hundredths,
    to_ten_thousandths,
)
from hourhook.domain.invoices import billing, customizing, items, reading
from hourhook.domain.invoices.currencies import CURRENCIES
from hourhook.domain.invoices.details import FLAG_DEFAULTS, TEXT_FIELDS, with_search_keys
from hourhook.domain.invoices.items import ENTRIES, EXPENSES, ItemKind
from hourhook.domain.invoices.locales import LOCALE_CURRENCIES
from hourhook.domain.invoices.numbering import new_share_token
from hourhook.domain.invoices.recalculation import recalculate
from hourhook.domain.invoices.rules import SETTLED_STATES
from hourhook.domain.invoices.totals import METHODS
from hourhook.store.schema import invoice_hourly_rates, invoice_payment_transactions, invoice_taxes, invoices
from hourhook.store.transaction import Transaction

_AMOUNTS = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")


def import_invoice(
    tx: Transaction,
    context: ImportContext,
    invoice: SourceInvoice,
    entry_ids: Sequence[int],
    expense_ids: Sequence[int],
) -> bool:
    """Import an invoice with these entries and expenses, which have been imported; returns True.

    The amounts of an invoice that is paid or being paid stay as they are; those of others follow their items.
    """
    columns, parts = _columns(invoice), _read_parts(tx, context, invoice)
    customized_at = invoice.customization.get("updated_at")
    payment = invoice.payment
    id = context.insert(
        tx,
        invoices,
        invoice,
        **columns,
        state=invoice.state,
        **{name: to_ten_thousandths(getattr(invoice, name)) for name in _AMOUNTS},
        paid_at=None if payment is None else parse_moment(payment.paid_at),
        payment_reference=payment and payment.reference,
        payment_method=payment and payment.payment_method,
        customized_at=parse_moment(customized_at) if isinstance(customized_at, str) else tx.event_time,
        share_token=new_share_token(),
    )
    _store_parts(tx, context, id, parts)
    context.add(tx, "invoice", invoice.id, id)
    if context.is_dry_run:
        return True
    attached = [(kind, _attach(tx, kind, id, ids)) for kind, ids in ((ENTRIES, entry_ids), (EXPENSES, expense_ids))]
    if invoice.state in SETTLED_STATES:
        billing.fix(tx, id)
    else:
        recalculate(tx, [id])
    if context.raises_events:
        recording.record_creation(tx, "invoice", reading.show(tx, context.caller, id))
        for kind, ids in attached:
            items.record_item_events(tx, context.caller, kind, ids, None)
    return True


def _columns(invoice: SourceInvoice) -> dict[str, Any]:
    """Return the texts, flags, customization and rates. Raises ``SkippedObject`` for what cannot exist here."""
    if invoice.state not in INVOICE_STATES:
        raise SkippedObject(f"its state {invoice.state!r} does not exist here")
    rates = invoice.rate_calculation
    if rates.calculation_method not in METHODS:
        raise SkippedObject(f"its calculation method {rates.calculation_method!r} does not exist here")
    customization = customizing.restore_customization(_known_customization(invoice.customization))
    if customization["currency_code"] not in CURRENCIES:
        raise SkippedObject(f"its currency {customization['currency_code']!r} does not exist here")
    return with_search_keys(
        {
            "invoice_date": parse_day(invoice.invoice_date),
            **{name: getattr(invoice, name) for name in (*TEXT_FIELDS, *FLAG_DEFAULTS)},
            **customizing.as_columns(customization),
            "calculation_method": rates.calculation_method,
            "standard_hourly_rate": None
            if rates.standard_hourly_rate is None
            else to_ten_thousandths(rates.standard_hourly_rate),
            "flat_rate": None if rates.flat_rate is None else to_ten_thousandths(rates.flat_rate),
        }
    )


def _known_customization(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of the right types; a locale that does not exist here counts as none."""
    known = {
        name: value
        for name, value in given.items()
        if isinstance(value, bool if name.startswith("allow_") else str | None)
    }
    return known if known.get("locale") in LOCALE_CURRENCIES else {**known, "locale": None}


@dataclass(frozen=True, slots=True)
class _Parts:
    """Rows of the tables beside that of invoices, without the invoice."""

    rates: list[tuple[int, int, int]]
    taxes: list[tuple[str | None, int]]
    payment_transactions: list[tuple[int, int, str, str | None, str | None, str]]


def _read_parts(tx: Transaction, context: ImportContext, invoice: SourceInvoice) -> _Parts:
    """Return rates, taxes and payment transactions; a rate of a user who is unknown here is left out."""
    custom = {
        user_id: to_ten_thousandths(rate.hourly_rate)
        for rate in invoice.rate_calculation.custom_hourly_rates
        if (user_id := context.find(tx, "user", rate.user)) is not None
    }
    return _Parts(
        [(user_id, rate, place) for place, (user_id, rate) in enumerate(custom.items())],
        [(tax.name or None, to_hundredths(tax.percentage)) for tax in invoice.taxes],
        [
            (number, parse_moment(each.created_at), each.description, each.payment_method, each.reference,
             each.invoice_state)
            for number, each in enumerate(invoice.payment_transactions, 1)
        ],
    )  # fmt: skip


def _store_parts(tx: Transaction, context: ImportContext, id: int, parts: _Parts) -> None:
    if context.is_dry_run:
        return
    tax_ids = tx.next_ids(invoice_taxes, len(parts.taxes)) if parts.taxes else ()
    rates = ("invoice_id", "user_id", "hourly_rate", "place")
    taxes = ("id", "invoice_id", "name", "percentage")
    transactions = (
        "invoice_id", "number", "created_at", "description", "payment_method", "reference", "invoice_state",
    )  # fmt: skip
    context.insert_many(tx, invoice_hourly_rates, rates, [(id, *row) for row in parts.rates])
    context.insert_many(
        tx, invoice_taxes, taxes, [(tax_id, id, *row) for tax_id, row in zip(tax_ids, parts.taxes, strict=True)]
    )
    context.insert_many(
        tx, invoice_payment_transactions, transactions, [(id, *row) for row in parts.payment_transactions]
    )


def _attach(tx: Transaction, kind: ItemKind, id: int, ids: Sequence[int]) -> list[int]:
    """Put items on the invoice, but for those that were deleted or put on another one since they were imported."""
    found = tx.all(kind.eligibility, account=tx.account_id, ids=[*ids]) if ids else []
    attached = sorted(row.id for row in found if row.invoice_id is None)
    items.attach(tx, kind, id, attached)
    return attached
