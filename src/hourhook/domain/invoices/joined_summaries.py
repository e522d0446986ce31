"""Join and summarize the invoice that entries and expenses embed."""

from typing import Any

from sqlalchemy import Column, FromClause, Table

from hourhook.domain.decimals import to_json_amount
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleInvoice
from hourhook.store.schema import invoices
from hourhook.store.statements import Row

# The columns that ``summarize_joined_invoice`` reads; ``join_invoice`` provides them.
INVOICE_COLUMNS = tuple(
    invoices.c[name].label(f"invoice_{name}") for name in ("id", "reference", "invoice_date", "state", "total_amount")
)


def join_invoice(joined: FromClause, items: Table, member_id: Column[Any]) -> FromClause:
    """Join the invoice of each item to a SELECT; ``member_id`` is the item's id in the table of invoice items."""
    members = member_id.table
    return joined.outerjoin(
        members, (members.c.account_id == items.c.account_id) & (member_id == items.c.id)
    ).outerjoin(invoices, (invoices.c.account_id == members.c.account_id) & (invoices.c.id == members.c.invoice_id))


def summarize_joined_invoice(links: Links, row: Row) -> SimpleInvoice | None:
    """Return the summary of the invoice in a row of ``INVOICE_COLUMNS``, if there is one."""
    if row.invoice_id is None:
        return None
    return SimpleInvoice(
        row.invoice_id,
        row.invoice_reference,
        row.invoice_invoice_date,
        row.invoice_state,
        to_json_amount(row.invoice_total_amount),
        links.invoice(row.invoice_id),
    )
