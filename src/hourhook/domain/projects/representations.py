"""The JSON representation of a project (`docs/api/projects.md`)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, func, select

from hourhook.clock import format_timestamp
from hourhook.domain.links import Links
from hourhook.domain.summaries import (
    SimpleImport,
    SimpleInvoice,
    SimpleProjectGroup,
    SimpleUser,
    Timestamp,
    Url,
    summarize_invoice,
    summarize_user,
)
from hourhook.store.schema import (
    entry_sums,
    expense_sums,
    invoices,
    project_group_members,
    project_groups,
    project_invoices,
    projects,
    users,
)
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class Project(msgspec.Struct, frozen=True):
    """A project."""

    id: int
    name: str
    billing_increment: int
    enabled: bool
    billable: bool
    color: str
    url: Url
    group: SimpleProjectGroup | None
    minutes: int
    billable_minutes: int
    unbillable_minutes: int
    invoiced_minutes: int
    remaining_minutes: int | None
    budgeted_minutes: int | None
    import_: SimpleImport | None = msgspec.field(name="import")
    invoices: list[SimpleInvoice]
    participants: list[SimpleUser]
    entries: int
    entries_url: Url
    expenses: int
    expenses_url: Url
    created_at: Timestamp
    updated_at: Timestamp
    merge_url: Url
    archive_url: Url
    unarchive_url: Url


# The columns that ``represent`` reads, from ``JOINED``.
COLUMNS = (
    projects.c.id,
    projects.c.name,
    projects.c.billing_increment,
    projects.c.enabled,
    projects.c.billable,
    projects.c.color,
    projects.c.budgeted_minutes,
    projects.c.created_at,
    projects.c.updated_at,
    select(func.coalesce(func.sum(expense_sums.c.expenses_count), 0))
    .where(expense_sums.c.account_id == projects.c.account_id, expense_sums.c.project_id == projects.c.id)
    .scalar_subquery()
    .label("expenses_count"),
    project_groups.c.id.label("group_id"),
    project_groups.c.name.label("group_name"),
)
JOINED = projects.outerjoin(
    project_group_members,
    (project_group_members.c.account_id == projects.c.account_id)
    & (project_group_members.c.project_id == projects.c.id),
).outerjoin(
    project_groups,
    (project_groups.c.account_id == project_group_members.c.account_id)
    & (project_groups.c.id == project_group_members.c.project_group_id),
)


def represent(
    tx: Transaction,
    account_id: int,
    links: Links,
    rows: Sequence[Row],
    *,
    include_budgets: bool,
    include_invoices: bool = True,
) -> list[Project]:
    """Represent rows of ``COLUMNS``, with at most two statements for any number of them.

    Counters cover the whole project for every caller; budgets and invoices are shown only with ``include_budgets``.
    Without ``include_invoices`` there are none: a project can have thousands.
    """
    if not rows:
        return []
    ids = [row.id for row in rows]
    logged: dict[int, list[Row]] = {}
    for each in tx.all(_LOGGED, account=account_id, ids=ids):
        logged.setdefault(each.project_id, []).append(each)
    invoices_of: dict[int, list[SimpleInvoice]] = {}
    if include_budgets and include_invoices:
        for each in tx.all(_INVOICES, account=account_id, ids=ids):
            invoices_of.setdefault(each.project_id, []).append(summarize_invoice(links, each))
    return [
        _represent(links, row, logged.get(row.id, []), invoices_of.get(row.id, []), include_budgets) for row in rows
    ]


def urls(links: Links, id: int) -> dict[str, Any]:
    """Return the URLs in the representation of a project."""
    url = links.project(id)
    return {
        "url": url,
        "entries_url": f"{url}/entries",
        "expenses_url": f"{url}/expenses",
        "merge_url": f"{url}/merge",
        "archive_url": f"{url}/archive",
        "unarchive_url": f"{url}/unarchive",
    }


def _represent(
    links: Links,
    row: Row,
    logged: list[Row],
    invoices: list[SimpleInvoice],
    include_budgets: bool,
) -> Project:
    minutes = sum(int(each.minutes) for each in logged)
    billable_minutes = invoiced_minutes = 0
    if row.billable:
        billable_minutes = sum(int(each.billable_minutes) for each in logged)
        invoiced_minutes = sum(int(each.invoiced_minutes) for each in logged)
    budget = row.budgeted_minutes if include_budgets else None
    return Project(
        id=row.id,
        name=row.name,
        billing_increment=row.billing_increment,
        enabled=row.enabled,
        billable=row.billable,
        color=row.color,
        **urls(links, row.id),
        group=None
        if row.group_id is None
        else SimpleProjectGroup(row.group_id, row.group_name, links.project_group(row.group_id)),
        minutes=minutes,
        billable_minutes=billable_minutes,
        unbillable_minutes=minutes - billable_minutes,
        invoiced_minutes=invoiced_minutes,
        remaining_minutes=None if budget is None else budget - billable_minutes,
        budgeted_minutes=budget,
        import_=None,
        invoices=invoices,
        participants=[summarize_user(links, each) for each in logged],
        entries=sum(int(each.entries_count) for each in logged),
        expenses=row.expenses_count,
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )


_is_billable = entry_sums.c.has_unbillable_tag.is_(False)

# Sums of each participant in each project, billable if no tag is against it. The project says whether it is billable.
_by_user = (
    select(
        entry_sums.c.project_id,
        entry_sums.c.user_id,
        func.sum(entry_sums.c.entries_count).label("entries_count"),
        func.sum(entry_sums.c.minutes).label("minutes"),
        func.sum(case((_is_billable, entry_sums.c.minutes), else_=0)).label("billable_minutes"),
        func.sum(case((_is_billable & entry_sums.c.is_invoiced.is_(True), entry_sums.c.minutes), else_=0)).label(
            "invoiced_minutes"
        ),
    )
    .where(entry_sums.c.account_id == bindparam("account"), any_of(entry_sums.c.project_id, "ids"))
    .group_by(entry_sums.c.project_id, entry_sums.c.user_id)
    .subquery()
)

_LOGGED = Statement(
    select(
        *(column for column in _by_user.c if column.name != "user_id"),
        users.c.id,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.profile_image_url,
    )
    .join_from(_by_user, users, users.c.id == _by_user.c.user_id)
    .where(users.c.account_id == bindparam("account"))
    .order_by(_by_user.c.project_id, users.c.id),
    replan=True,
)

# In the order of the list of invoices.
_INVOICES = Statement(
    select(
        project_invoices.c.project_id,
        invoices.c.id,
        invoices.c.reference,
        invoices.c.invoice_date,
        invoices.c.state,
        invoices.c.total_amount,
    )
    .join_from(project_invoices, invoices, invoices.c.id == project_invoices.c.invoice_id)
    .where(
        project_invoices.c.account_id == bindparam("account"),
        any_of(project_invoices.c.project_id, "ids"),
        invoices.c.account_id == bindparam("account"),
    )
    .order_by(project_invoices.c.project_id, invoices.c.invoice_date.desc(), invoices.c.id.desc()),
    replan=True,
)
