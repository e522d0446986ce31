"""Putting entries and expenses on an invoice, and taking them off (contract, invoices.md)."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, IdList, Inputs, UnsetType, ValidationErrors
from hourhook.domain.invoices import items, reading, storing
from hourhook.domain.invoices.invoicing import record_item_events
from hourhook.domain.invoices.items import ENTRIES, EXPENSES, ItemKind
from hourhook.domain.invoices.representations import Invoice
from hourhook.domain.summaries import SimpleInvoice, summarise
from hourhook.store.transaction import Transaction

ComingIds = Annotated[IdList, "If any of them cannot be added, none is. Those already on the invoice are skipped."]
LeavingIds = Annotated[IdList, "Those not on the invoice are skipped."]


class AddedEntries(Inputs):
    """Entries to be put on an invoice."""

    required: ClassVar = ("entry_ids",)
    entry_ids: ComingIds | UnsetType = UNSET


class RemovedEntries(Inputs):
    """Entries to be taken off an invoice."""

    required: ClassVar = ("entry_ids",)
    entry_ids: LeavingIds | UnsetType = UNSET


class AddedExpenses(Inputs):
    """Expenses to be put on an invoice."""

    required: ClassVar = ("expense_ids",)
    expense_ids: ComingIds | UnsetType = UNSET


class RemovedExpenses(Inputs):
    """Expenses to be taken off an invoice."""

    required: ClassVar = ("expense_ids",)
    expense_ids: LeavingIds | UnsetType = UNSET


def add_entries(tx: Transaction, caller: Caller, id: int, params: AddedEntries, errors: ValidationErrors) -> None:
    """Put entries on an invoice."""
    _add(tx, caller, id, ENTRIES, params.entry_ids or [], errors)


def add_expenses(tx: Transaction, caller: Caller, id: int, params: AddedExpenses, errors: ValidationErrors) -> None:
    """Put expenses on an invoice."""
    _add(tx, caller, id, EXPENSES, params.expense_ids or [], errors)


def remove_entries(tx: Transaction, caller: Caller, id: int, params: RemovedEntries, errors: ValidationErrors) -> None:
    """Take entries off an invoice."""
    _remove(tx, caller, id, ENTRIES, params.entry_ids or [], errors)


def remove_expenses(
    tx: Transaction, caller: Caller, id: int, params: RemovedExpenses, errors: ValidationErrors
) -> None:
    """Take expenses off an invoice."""
    _remove(tx, caller, id, EXPENSES, params.expense_ids or [], errors)


def remove_all_entries(tx: Transaction, caller: Caller, id: int) -> None:
    """Take all entries off an invoice."""
    _take_off(tx, caller, reading.show_editable(tx, caller, id), ENTRIES, None)


def remove_all_expenses(tx: Transaction, caller: Caller, id: int) -> None:
    """Take all expenses off an invoice."""
    _take_off(tx, caller, reading.show_editable(tx, caller, id), EXPENSES, None)


def _add(
    tx: Transaction, caller: Caller, id: int, kind: ItemKind, sent: Sequence[int], errors: ValidationErrors
) -> None:
    before = reading.show_editable(tx, caller, id)
    eligibility = items.check_eligibility(tx, kind, sent, id)
    items.check(errors, eligibility)
    if eligibility.ids:
        items.attach(tx, kind, id, eligibility.ids)
        storing.record_change(tx, caller, before)
        record_item_events(tx, caller, kind, eligibility.ids, None)


def _remove(
    tx: Transaction, caller: Caller, id: int, kind: ItemKind, sent: Sequence[int], errors: ValidationErrors
) -> None:
    before = reading.show_editable(tx, caller, id)
    errors.raise_if_any()
    _take_off(tx, caller, before, kind, sent)


def _take_off(tx: Transaction, caller: Caller, before: Invoice, kind: ItemKind, sent: Sequence[int] | None) -> None:
    ids = items.find_attached(tx, kind, before.id, sent)
    if ids:
        items.detach(tx, kind, ids)
        storing.record_change(tx, caller, before)
        record_item_events(tx, caller, kind, ids, summarise(SimpleInvoice, before))
