"""Defaults of new invoices, from the newest one of the same projects (`docs/api/invoices.md#create-an-invoice`)."""

from collections.abc import Collection

from sqlalchemy import bindparam, func, select, union_all

from hourhook.domain.invoices.reading import find_row
from hourhook.store.schema import accounts, entries, expenses, invoice_entries, invoice_expenses
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


def find_defaults_source(tx: Transaction, project_ids: Collection[int]) -> Row | None:
    """Return the newest invoice with entries or expenses of one of these projects."""
    if not project_ids:
        return None
    newest = tx.value(_NEWEST, account=tx.account_id, ids=[*project_ids])
    return None if newest is None else find_row(tx, tx.account_id, newest)


def account_name(tx: Transaction) -> str:
    """Return the name of the account: the default issuer."""
    return str(tx.value(_ACCOUNT_NAME, account=tx.account_id))


_with_projects = union_all(
    *(
        select(members.c.invoice_id)
        .join_from(items, members, (members.c.account_id == items.c.account_id) & (member_id == items.c.id))
        .where(items.c.account_id == bindparam("account"), any_of(items.c.project_id, "ids"))
        for items, members, member_id in (
            (entries, invoice_entries, invoice_entries.c.entry_id),
            (expenses, invoice_expenses, invoice_expenses.c.expense_id),
        )
    )
).subquery()

_NEWEST = Statement(select(func.max(_with_projects.c.invoice_id)))

_ACCOUNT_NAME = Statement(select(accounts.c.name).where(accounts.c.id == bindparam("account")))
