"""Mark invoices as paid or unpaid, and set an administrator's states (`docs/api/invoices.md#states`)."""

from sqlalchemy import bindparam, null, update

from hourhook.domain.callers import Caller
from hourhook.domain.enums import INVOICE_STATES
from hourhook.domain.events import recording
from hourhook.domain.invoices import billing, reading
from hourhook.domain.invoices.recalculation import recalculate
from hourhook.domain.invoices.representations import represent
from hourhook.domain.invoices.rules import SETTLED_STATES
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from hourhook.store.schema import invoice_payment_transactions, invoices
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

_DESCRIPTIONS = {"paid": "Marked as paid", "unpaid": "Marked as unpaid"}


def mark_paid(tx: Transaction, caller: Caller, id: int) -> None:
    """Mark an invoice as paid now, in any state. Idempotent: does nothing to a paid one."""
    _change_state(tx, caller.links, reading.find(tx, caller, id), "paid")


def mark_unpaid(tx: Transaction, caller: Caller, id: int) -> None:
    """Mark an invoice as unpaid, clear its payment and recalculate it. Idempotent: does nothing to an unpaid one."""
    _change_state(tx, caller.links, reading.find(tx, caller, id), "unpaid")


def set_state(tx: Transaction, links: Links, id: int, state: str) -> None:
    """Set the state of an invoice of the transaction's account, for an administrator.

    Raises ``OperatorError`` for an unknown invoice or state.
    """
    if state not in INVOICE_STATES:
        raise OperatorError(f"{state!r} is not an invoice state: use one of {', '.join(INVOICE_STATES)}")
    row = reading.find_row(tx, tx.account_id, id)
    if row is None:
        raise OperatorError(f"the account has no invoice with the id {id}: check the id and the account")
    _change_state(tx, links, row, state)


def _change_state(tx: Transaction, links: Links, row: Row, state: str) -> None:
    if row.state == state:
        return
    [before] = represent(tx, tx.account_id, links, [row])
    paid_at = tx.event_time if state == "paid" else None
    tx.execute_later(_SET_STATE, account=tx.account_id, id=row.id, state=state, paid_at=paid_at, now=tx.event_time)
    description = _DESCRIPTIONS.get(state, f"Set to {state} by an administrator")
    number = len(before.payment_transactions) + 1
    _fix_or_release(tx, row, state)
    tx.insert_many(
        invoice_payment_transactions,
        ("account_id", "invoice_id", "number", "created_at", "description", "invoice_state"),
        [(tx.account_id, row.id, number, tx.event_time, description, state)],
    )
    changed = reading.find_row(tx, tx.account_id, row.id)
    assert changed is not None
    [after] = represent(tx, tx.account_id, links, [changed])
    recording.record_update(tx, "invoice", before, after, state if state in _DESCRIPTIONS else None)


def _fix_or_release(tx: Transaction, row: Row, state: str) -> None:
    """Fix the amounts of an invoice that is settled now, or let those of one that no longer is follow its items."""
    was_settled, is_settled = row.state in SETTLED_STATES, state in SETTLED_STATES
    if is_settled and not was_settled:
        billing.fix(tx, row.id)
    elif was_settled and not is_settled:
        billing.release(tx, row.id)
        recalculate(tx, [row.id])


_SET_STATE = Statement(
    update(invoices)
    .where(invoices.c.account_id == bindparam("account"), invoices.c.id == bindparam("id"))
    .values(
        state=bindparam("state"),
        paid_at=bindparam("paid_at"),
        payment_reference=null(),
        payment_method=null(),
        updated_at=bindparam("now"),
    )
)
