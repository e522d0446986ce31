"""Record events of entries and expenses that are added to an invoice or removed from one (`docs/api/events.md`).

The invoice must be stored first, since the events embed it. Large invoices are processed in batches, each with a fixed
number of statements.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.entries import batches as entries_batches
from hourhook.domain.events import recording
from hourhook.domain.expenses import batches as expenses_batches
from hourhook.domain.summaries import SimpleInvoice
from hourhook.store.schema import entries, expenses
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def record_entry_events(tx: Transaction, caller: Caller, ids: Sequence[int], previous: SimpleInvoice | None) -> None:
    """Set ``invoiced_at`` of entries that were added, or clear it if ``previous`` is their former invoice."""
    now = format_timestamp(tx.event_time)
    for batch in entries_batches.of_ids(tx, caller, ids):
        tx.execute(
            _INVOICE_ENTRIES,
            account=tx.account_id,
            ids=[entry.id for entry in batch],
            invoiced_at=tx.event_time if previous is None else None,
            now=tx.event_time,
        )
        for entry in batch:
            before = msgspec.structs.replace(entry, invoice=previous)
            after = msgspec.structs.replace(entry, invoiced_at=now if previous is None else None, updated_at=now)
            recording.record_update(tx, "entry", before, after, "invoiced" if previous is None else "uninvoiced")


def record_expense_events(tx: Transaction, caller: Caller, ids: Sequence[int], previous: SimpleInvoice | None) -> None:
    for batch in expenses_batches.of_ids(tx, caller, ids):
        tx.execute(_TOUCH_EXPENSES, account=tx.account_id, ids=[expense.id for expense in batch], now=tx.event_time)
        for expense in batch:
            before = msgspec.structs.replace(expense, invoice=previous)
            after = msgspec.structs.replace(expense, updated_at=format_timestamp(tx.event_time))
            recording.record_update(tx, "expense", before, after)


_INVOICE_ENTRIES = Statement(
    update(entries)
    .where(entries.c.account_id == bindparam("account"), any_of(entries.c.id, "ids"))
    .values(invoiced_at=bindparam("invoiced_at"), updated_at=bindparam("now"))
)

_TOUCH_EXPENSES = Statement(
    update(expenses)
    .where(expenses.c.account_id == bindparam("account"), any_of(expenses.c.id, "ids"))
    .values(updated_at=bindparam("now"))
)
