"""Mark entries as invoiced outside of this system (``docs/api/entries.md#approve-and-mark-as-invoiced``)."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, update

from hourhook.clock import format_timestamp, midnight
from hourhook.domain.callers import Caller
from hourhook.domain.entries import batches, reading
from hourhook.domain.entries.representations import Entry
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Day, IdList, Inputs, UnsetType, ValidationErrors
from hourhook.errors import ValidationFailed
from hourhook.store.schema import entries
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

InvoicedOn = Annotated[Day, "The day it was invoiced, stored as the UTC midnight that begins it."]


class EntryMarkAsInvoiced(Inputs):
    """An invoice that was created outside of this system."""

    required: ClassVar = ("date",)
    date: InvoicedOn | UnsetType = UNSET


class EntriesMarkAsInvoiced(Inputs):
    """An invoice that was created outside of this system, for several entries."""

    required: ClassVar = ("entry_ids", "date")
    entry_ids: Annotated[IdList, "Ineligible ones are skipped."] | UnsetType = UNSET
    date: InvoicedOn | UnsetType = UNSET


def mark_invoiced(
    tx: Transaction, caller: Caller, id: int, params: EntryMarkAsInvoiced, errors: ValidationErrors
) -> None:
    """Mark an entry as invoiced outside, or change the date of one that is.

    Raises ``ValidationFailed`` if it is on an invoice.
    """
    entry = reading.show(tx, caller, id)
    caller.require_role("leader")
    if entry.invoice is not None:
        raise ValidationFailed.on_base("Entry", "already_invoiced", "The Entry is already on an invoice.")
    errors.raise_if_any()
    _mark(tx, [entry], params.date or "")


def mark_many_invoiced(
    tx: Transaction, caller: Caller, params: EntriesMarkAsInvoiced, errors: ValidationErrors
) -> None:
    """Mark these entries as invoiced outside; skip those on an invoice."""
    caller.require_role("leader")
    errors.raise_if_any()
    for batch in batches.of_ids(tx, caller, params.entry_ids or []):
        _mark(tx, [entry for entry in batch if entry.invoice is None], params.date or "")


def _mark(tx: Transaction, marked: list[Entry], date: str) -> None:
    invoiced_at = midnight(date)
    changed = [entry for entry in marked if entry.invoiced_at != format_timestamp(invoiced_at)]
    if not changed:
        return
    tx.execute(
        _MARK, account=tx.account_id, ids=[entry.id for entry in changed], invoiced_at=invoiced_at, now=tx.event_time
    )
    for before in changed:
        after = msgspec.structs.replace(
            before, invoiced_at=format_timestamp(invoiced_at), updated_at=format_timestamp(tx.event_time)
        )
        recording.record_update(tx, "entry", before, after, None if before.invoiced_at else "invoiced")


_MARK = Statement(
    update(entries)
    .where(entries.c.account_id == bindparam("account"), any_of(entries.c.id, "ids"))
    .values(invoiced_at=bindparam("invoiced_at"), updated_at=bindparam("now"))
)
