"""Store invoices, and record their changes as events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, update

from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.invoices import reading
from hourhook.domain.invoices.details import with_search_keys
from hourhook.domain.invoices.recalculation import recalculate
from hourhook.domain.invoices.representations import Invoice
from hourhook.store.schema import invoice_hourly_rates, invoice_payment_transactions, invoice_taxes, invoices
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# The columns that editing may change, besides ``updated_at``.
EDITABLE = tuple(
    column.name
    for column in invoices.c
    if column.name
    not in (
        "account_id", "id", "state", "taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount", "paid_at",
        "payment_reference", "payment_method", "share_token", "created_at", "updated_at",
    )
)  # fmt: skip
# The same without the casefolded columns.
EDITABLE_FIELDS = tuple(name for name in EDITABLE if not name.endswith("_key"))
_EMPTY_TOTALS = {
    "taxable_amount": 0,
    "taxfree_amount": 0,
    "tax_total_amount": 0,
    "total_amount": 0,
    "paid_at": None,
    "payment_reference": None,
    "payment_method": None,
}


def insert(tx: Transaction, columns: Mapping[str, Any]) -> int:
    """Insert an invoice without items; returns its id."""
    return tx.insert(
        invoices,
        account_id=tx.account_id,
        state="unpaid",
        **with_search_keys({**columns}),
        **_EMPTY_TOTALS,
        customized_at=tx.event_time,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )


def update_row(tx: Transaction, id: int, columns: Mapping[str, Any]) -> None:
    """Store all ``EDITABLE`` columns of an invoice."""
    tx.execute_later(_UPDATE, account=tx.account_id, id=id, now=tx.event_time, **with_search_keys({**columns}))


def record_change(tx: Transaction, caller: Caller, before: Invoice) -> Invoice:
    """Recalculate an invoice whose change is stored already, and record the event of the change."""
    recalculate(tx, [before.id])
    tx.execute_later(_TOUCH, account=tx.account_id, id=before.id, now=tx.event_time)
    after = reading.show(tx, caller, before.id)
    recording.record_update(tx, "invoice", before, after)
    return after


def delete_rows(tx: Transaction, id: int) -> None:
    """Delete an invoice that has no items any more, with its taxes, rates and payment transactions."""
    for statement in _DELETE:
        tx.execute_later(statement, account=tx.account_id, id=id)


_OF_ID = (invoices.c.account_id == bindparam("account"), invoices.c.id == bindparam("id"))

_UPDATE = Statement(
    update(invoices)
    .where(*_OF_ID)
    .values({**{name: bindparam(name) for name in EDITABLE}, "updated_at": bindparam("now")})
)

_TOUCH = Statement(update(invoices).where(*_OF_ID).values(updated_at=bindparam("now")))

_DELETE = (
    *(
        Statement(
            delete(table).where(table.c.account_id == bindparam("account"), table.c.invoice_id == bindparam("id"))
        )
        for table in (invoice_taxes, invoice_hourly_rates, invoice_payment_transactions)
    ),
    Statement(delete(invoices).where(*_OF_ID)),
)
