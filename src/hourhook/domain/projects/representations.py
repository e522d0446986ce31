"""A project as the API shows it, in the key order of the contract (projects.md)."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, case, func, select

from hourhook.clock import format_moment
from hourhook.domain.entries.representations import has_unbillable_tag
from hourhook.domain.links import Links
from hourhook.domain.summaries import (
    SimpleImport,
    SimpleInvoice,
    SimpleProjectGroup,
    SimpleUser,
    Timestamp,
    Url,
    summarise_user,
)
from hourhook.store.schema import entries, projects, users
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


# What ``represent`` wants to know of a project.
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
)


def represent(
    tx: Transaction, account_id: int, links: Links, rows: Sequence[Row], *, with_budgets: bool
) -> list[Project]:
    """The representations of rows of ``COLUMNS``, with two statements however many there are.

    Counters are those of the whole project, whoever looks; budgets are only for those who may see them.
    """
    if not rows:
        return []
    ids = [row.id for row in rows]
    totals = {row.project_id: row for row in tx.all(_TOTALS, account=account_id, ids=ids)}
    participants: dict[int, list[SimpleUser]] = {}
    for row in tx.all(_PARTICIPANTS, account=account_id, ids=ids):
        participants.setdefault(row.project_id, []).append(summarise_user(links, row))
    return [_represent(links, row, totals.get(row.id), participants.get(row.id, []), with_budgets) for row in rows]


def _represent(
    links: Links, row: Row, totals: Row | None, participants: list[SimpleUser], with_budgets: bool
) -> Project:
    url = links.project(row.id)
    minutes = totals.minutes if totals else 0
    billable_minutes = totals.billable_minutes if totals and row.billable else 0
    budget = row.budgeted_minutes if with_budgets else None
    return Project(
        id=row.id,
        name=row.name,
        billing_increment=row.billing_increment,
        enabled=row.enabled,
        billable=row.billable,
        color=row.color,
        url=url,
        group=None,
        minutes=minutes,
        billable_minutes=billable_minutes,
        unbillable_minutes=minutes - billable_minutes,
        invoiced_minutes=totals.invoiced_minutes if totals and row.billable else 0,
        remaining_minutes=None if budget is None else budget - billable_minutes,
        budgeted_minutes=budget,
        import_=None,
        invoices=[],
        participants=participants,
        entries=totals.entries if totals else 0,
        entries_url=f"{url}/entries",
        expenses=0,
        expenses_url=f"{url}/expenses",
        created_at=format_moment(row.created_at),
        updated_at=format_moment(row.updated_at),
        merge_url=f"{url}/merge",
        archive_url=f"{url}/archive",
        unarchive_url=f"{url}/unarchive",
    )


# Minutes are billable here by their tags; whether the project is, its own row says.
_TOTALS = Statement(
    select(
        entries.c.project_id,
        func.count().label("entries"),
        func.sum(entries.c.minutes).label("minutes"),
        func.sum(case((has_unbillable_tag, 0), else_=entries.c.minutes)).label("billable_minutes"),
        func.sum(case((entries.c.invoiced_at.is_(None), 0), (has_unbillable_tag, 0), else_=entries.c.minutes)).label(
            "invoiced_minutes"
        ),
    )
    .where(entries.c.account_id == bindparam("account"), any_of(entries.c.project_id, "ids"))
    .group_by(entries.c.project_id)
)

_PARTICIPANTS = Statement(
    select(
        entries.c.project_id,
        users.c.id,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
        users.c.profile_image_url,
    )
    .distinct()
    .join_from(entries, users, (users.c.account_id == entries.c.account_id) & (users.c.id == entries.c.user_id))
    .where(entries.c.account_id == bindparam("account"), any_of(entries.c.project_id, "ids"))
    .order_by(entries.c.project_id, users.c.id)
)
