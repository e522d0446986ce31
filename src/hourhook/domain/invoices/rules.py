"""What stands against changing an invoice (contract, invoices.md)."""

from hourhook.errors import ValidationFailed
from hourhook.store.statements import Row

# A payment is running, which this server does not process itself: an administrator says so.
PAYING_STATES = ("in_progress", "awaiting_payment")


def refuse_uneditable(invoice: Row) -> None:
    """Refuse an invoice that is paid, or that is being paid."""
    if invoice.state == "paid":
        raise ValidationFailed.on_base("Invoice", "paid", "The Invoice cannot be changed because it is paid.")
    if invoice.state in PAYING_STATES:
        raise ValidationFailed.on_base("Invoice", "locked", "The Invoice cannot be changed while it is being paid.")
