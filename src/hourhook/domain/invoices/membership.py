"""Look up what is on an invoice, and which invoice an item is on, each by its key.

As a join, PostgreSQL would execute it as it finds best for the number of items that it expects. A new invoice has none
in its statistics, and it would read all items of the account for each item of the invoice.

The statements take the parameter ``account`` and are planned for it: for an average account, PostgreSQL would search an
index for the item that contains all columns, but does not have the item's id first.
"""

from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, select

from hourhook.store.schema import entries, expenses, invoice_entries, invoice_expenses

_MEMBERS = {
    entries: (invoice_entries, invoice_entries.c.entry_id),
    expenses: (invoice_expenses, invoice_expenses.c.expense_id),
}


def invoice_of(items: Table) -> ColumnElement[Any]:
    """Return the expression of the invoice that an entry or expense is on, NULL if it is on none."""
    members, item_id = _MEMBERS[items]
    is_item = (members.c.account_id == bindparam("account")) & (item_id == items.c.id)
    return select(members.c.invoice_id).where(is_item).correlate(items).scalar_subquery()


def project_of(members: Table) -> ColumnElement[Any]:
    """Return the expression of the project of the entry or expense of a row of ``members``."""
    [(items, item_id)] = [(items, item_id) for items, (table, item_id) in _MEMBERS.items() if table is members]
    is_item = (items.c.account_id == bindparam("account")) & (items.c.id == item_id)
    return select(items.c.project_id).where(is_item).correlate(members).scalar_subquery()
