"""Add, remove and store the taxes of an invoice (`docs/api/invoices.md`)."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, IdList, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.inputs.nested import NestedListField
from hourhook.domain.inputs.numbers import DecimalField
from hourhook.domain.invoices import reading, storing
from hourhook.store.schema import invoice_taxes
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

# Per request.
MAX_TAXES = 100
Percentage = Annotated[int, DecimalField(0, 100)]


class TaxInput(Inputs):
    """A tax to add."""

    required: ClassVar = ("percentage",)
    percentage: Annotated[Percentage, "In percent, with 2 decimal places."] | UnsetType = UNSET
    name: Name | UnsetType | None = UNSET


Taxes = Annotated[list[TaxInput], NestedListField(TaxInput, MAX_TAXES)]


class InvoiceTaxesAdd(Inputs):
    """Taxes to add to an invoice."""

    required: ClassVar = ("taxes",)
    taxes: Taxes | UnsetType = UNSET


class InvoiceTaxesRemove(Inputs):
    """Taxes to remove from an invoice."""

    required: ClassVar = ("tax_ids",)
    tax_ids: Annotated[IdList, "Taxes of other invoices are skipped."] | UnsetType = UNSET


def add(tx: Transaction, caller: Caller, id: int, params: InvoiceTaxesAdd, errors: ValidationErrors) -> None:
    before = reading.show_editable(tx, caller, id)
    errors.raise_if_any()
    if params.taxes:
        store(tx, id, params.taxes)
        storing.record_change(tx, caller, before)


def remove(tx: Transaction, caller: Caller, id: int, params: InvoiceTaxesRemove, errors: ValidationErrors) -> None:
    before = reading.show_editable(tx, caller, id)
    errors.raise_if_any()
    if tx.execute(_REMOVE, account=tx.account_id, invoice=id, ids=params.tax_ids or []):
        storing.record_change(tx, caller, before)


def remove_all(tx: Transaction, caller: Caller, id: int) -> None:
    before = reading.show_editable(tx, caller, id)
    if clear(tx, id):
        storing.record_change(tx, caller, before)


def store(tx: Transaction, invoice_id: int, params: Sequence[TaxInput]) -> None:
    """Insert taxes of an invoice, keeping those that it has."""
    ids = tx.next_ids(invoice_taxes, len(params))
    tx.insert_many(
        invoice_taxes,
        ("account_id", "id", "invoice_id", "name", "percentage"),
        [
            (tx.account_id, id, invoice_id, tax.name or None, tax.percentage)
            for id, tax in zip(ids, params, strict=True)
        ],
    )


def clear(tx: Transaction, invoice_id: int) -> bool:
    """Delete all taxes of an invoice; returns whether it had any."""
    return tx.execute(_CLEAR, account=tx.account_id, invoice=invoice_id) > 0


_OF_INVOICE = (invoice_taxes.c.account_id == bindparam("account"), invoice_taxes.c.invoice_id == bindparam("invoice"))

_REMOVE = Statement(delete(invoice_taxes).where(*_OF_INVOICE, any_of(invoice_taxes.c.id, "ids")))

_CLEAR = Statement(delete(invoice_taxes).where(*_OF_INVOICE))
