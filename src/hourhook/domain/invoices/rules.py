"""Rules that forbid changing an invoice (`docs/api/invoices.md#states`)."""

from hourhook.errors import ValidationFailed
from hourhook.store.statements import Row

# A payment is in progress. This server does not process payments: an administrator sets these states.
PAYING_STATES = ("in_progress", "awaiting_payment")
# In these states an invoice cannot be changed, and its amounts are fixed.
SETTLED_STATES = ("paid", *PAYING_STATES)


def refuse_uneditable(invoice: Row) -> None:
    """Raise ``ValidationFailed`` if the invoice is paid or being paid."""
    if invoice.state == "paid":
        raise ValidationFailed.on_base("Invoice", "paid", "The Invoice cannot be changed because it is paid.")
    if invoice.state in PAYING_STATES:
        raise ValidationFailed.on_base("Invoice", "locked", "The Invoice cannot be changed while it is being paid.")
