"""Defaults of new invoices, from the newest one of the same projects (`docs/api/invoices.md#create-an-invoice`)."""

from collections.abc import Collection

from sqlalchemy import bindparam, func, select, union_all

from hourhook.domain.invoices.membership import invoice_of
from hourhook.domain.invoices.reading import find_row
from hourhook.store.schema import accounts, entries, expenses
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


def find_defaults_source(tx: Transaction, account_id: int, project_ids: Collection[int]) -> Row | None:
    """Return the newest invoice with entries or expenses of one of these projects."""
    if not project_ids:
        return None
    newest = tx.value(_NEWEST, account=account_id, ids=[*project_ids])
    return None if newest is None else find_row(tx, account_id, newest)


def account_name(tx: Transaction) -> str:
    """Return the name of the account: the default issuer."""
    return str(tx.value(_ACCOUNT_NAME, account=tx.account_id))


_of_projects = union_all(
    *(
        select(func.max(invoice_of(items)).label("invoice_id")).where(
            items.c.account_id == bindparam("account"), any_of(items.c.project_id, "ids")
        )
        for items in (entries, expenses)
    )
).subquery()

_NEWEST = Statement(select(func.max(_of_projects.c.invoice_id)), replan=True)

_ACCOUNT_NAME = Statement(select(accounts.c.name).where(accounts.c.id == bindparam("account")))
