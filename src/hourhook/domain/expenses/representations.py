"""The representation of an expense; the order of its keys is part of the API."""

import msgspec

from hourhook.clock import format_timestamp
from hourhook.domain.decimals import to_json_number
from hourhook.domain.invoices.joined_summaries import INVOICE_COLUMNS, join_invoice, summarize_joined_invoice
from hourhook.domain.joined_summaries import (
    PROJECT_COLUMNS,
    USER_COLUMNS,
    summarize_joined_project,
    summarize_joined_user,
)
from hourhook.domain.links import Links
from hourhook.domain.summaries import Date, SimpleInvoice, SimpleProject, SimpleUser, Timestamp, Url
from hourhook.store.schema import expenses, invoice_expenses, projects, users
from hourhook.store.statements import Row


class Expense(msgspec.Struct, frozen=True):
    """An expense."""

    id: int
    price: float
    description: str | None
    taxable: bool
    date: Date
    project: SimpleProject
    invoice: SimpleInvoice | None
    user: SimpleUser
    url: Url
    created_at: Timestamp
    updated_at: Timestamp


# The columns that ``represent`` needs, from ``JOINED``.
COLUMNS = (
    *(expenses.c[name] for name in ("id", "price", "description", "taxable", "date", "created_at", "updated_at")),
    *PROJECT_COLUMNS,
    *USER_COLUMNS,
    *INVOICE_COLUMNS,
)

# Outer joins keep the planners from starting with the users or projects instead of the expenses.
JOINED = join_invoice(
    expenses.outerjoin(
        users, (users.c.account_id == expenses.c.account_id) & (users.c.id == expenses.c.user_id)
    ).outerjoin(projects, (projects.c.account_id == expenses.c.account_id) & (projects.c.id == expenses.c.project_id)),
    expenses,
    invoice_expenses.c.expense_id,
)


def represent(links: Links, row: Row, *, include_invoice: bool = True) -> Expense:
    """Represent a row of ``COLUMNS``; exclude the invoice for callers who cannot see it."""
    return compose(
        links,
        id=row.id,
        price=row.price,
        description=row.description,
        taxable=row.taxable,
        date=row.date,
        project=summarize_joined_project(links, row),
        user=summarize_joined_user(links, row),
        invoice=summarize_joined_invoice(links, row) if include_invoice else None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def compose(
    links: Links,
    *,
    id: int,
    price: int,
    description: str | None,
    taxable: bool,
    date: str,
    project: SimpleProject,
    user: SimpleUser,
    invoice: SimpleInvoice | None = None,
    created_at: int,
    updated_at: int,
) -> Expense:
    """Represent an expense from its parts; the price is in hundredths."""
    return Expense(
        id=id,
        price=to_json_number(price),
        description=description,
        taxable=taxable,
        date=date,
        project=project,
        invoice=invoice,
        user=user,
        url=links.expense(id),
        created_at=format_timestamp(created_at),
        updated_at=format_timestamp(updated_at),
    )
