"""The representation of an entry; the order of its keys is part of the API."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, Table, bindparam, select

from hourhook.clock import format_timestamp
from hourhook.domain.invoices.joined_summaries import INVOICE_COLUMNS, join_invoice, summarize_joined_invoice
from hourhook.domain.joined_summaries import (
    PROJECT_COLUMNS,
    USER_COLUMNS,
    USER_FIELDS,
    summarize_joined_project,
    summarize_joined_user,
)
from hourhook.domain.links import Links
from hourhook.domain.summaries import (
    Date,
    SimpleImport,
    SimpleInvoice,
    SimpleProject,
    SimpleTag,
    SimpleUser,
    Timestamp,
    Url,
    summarize_tag,
)
from hourhook.store.schema import entries, entry_tags, invoice_entries, projects, tags, users
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class Entry(msgspec.Struct, frozen=True):
    """An entry."""

    id: int
    date: Date
    user: SimpleUser
    billable: bool
    minutes: int
    description: str
    project: SimpleProject | None
    tags: list[SimpleTag]
    source_url: Url | None
    invoiced_at: Timestamp | None
    invoice: SimpleInvoice | None
    import_: SimpleImport | None = msgspec.field(name="import")
    approved_at: Timestamp | None
    approved_by: SimpleUser | None
    url: Url
    invoiced_outside_of_noko_url: Url
    approved_url: Url
    unapproved_url: Url
    created_at: Timestamp
    updated_at: Timestamp


approvers = users.alias("approvers")

# The columns that ``represent`` needs, from ``JOINED``.
COLUMNS = (
    *(
        entries.c[name]
        for name in (
            "id",
            "date",
            "minutes",
            "description",
            "source_url",
            "invoiced_at",
            "approved_at",
            "created_at",
            "updated_at",
        )
    ),
    *USER_COLUMNS,
    *(approvers.c[name].label(f"approver_{name}") for name in USER_FIELDS),
    *PROJECT_COLUMNS,
    *INVOICE_COLUMNS,
)

# Outer joins keep the planners from starting with the users instead of the entries.
JOINED = join_invoice(
    entries.outerjoin(users, (users.c.account_id == entries.c.account_id) & (users.c.id == entries.c.user_id))
    .outerjoin(projects, (projects.c.account_id == entries.c.account_id) & (projects.c.id == entries.c.project_id))
    .outerjoin(
        approvers, (approvers.c.account_id == entries.c.account_id) & (approvers.c.id == entries.c.approved_by_id)
    ),
    entries,
    invoice_entries.c.entry_id,
)


def is_in_unbillable_project(of: Table) -> ColumnElement[bool]:
    """Return the condition of entries, or of sums of these, in an unbillable project."""
    return of.c.project_id.is_not(None) & of.c.project_id.in_(
        select(projects.c.id).where(projects.c.account_id == bindparam("account"), projects.c.billable.is_(False))
    )


# The condition that ``is_billable`` evaluates for one entry.
IS_BILLABLE = ~is_in_unbillable_project(entries) & (entries.c.unbillable_tags_count == 0)


def represent(
    tx: Transaction, account_id: int, links: Links, rows: Sequence[Row], *, include_invoices: bool = True
) -> list[Entry]:
    """Represent rows of ``COLUMNS``, with one statement for all of them.

    Exclude invoices for callers who cannot see them.
    """
    if not rows:
        return []
    tags_of: dict[int, list[SimpleTag]] = {}
    for tag in tx.all(_TAGS, account=account_id, ids=[row.id for row in rows]):
        tags_of.setdefault(tag.entry_id, []).append(summarize_tag(links, tag))
    return [_represent(links, row, tags_of.get(row.id, []), include_invoices) for row in rows]


def compose(
    links: Links,
    *,
    id: int,
    date: str,
    user: SimpleUser,
    minutes: int,
    description: str | None,
    project: SimpleProject | None,
    tags: list[SimpleTag],
    source_url: str | None,
    invoiced_at: int | None = None,
    invoice: SimpleInvoice | None = None,
    approved_at: int | None = None,
    approved_by: SimpleUser | None = None,
    created_at: int,
    updated_at: int,
) -> Entry:
    """Represent an entry from its parts."""
    url = links.entry(id)
    return Entry(
        id=id,
        date=date,
        user=user,
        billable=is_billable(project, tags),
        minutes=minutes,
        description=description or "",
        project=project,
        tags=tags,
        source_url=source_url,
        invoiced_at=None if invoiced_at is None else format_timestamp(invoiced_at),
        invoice=invoice,
        import_=None,
        approved_at=None if approved_at is None else format_timestamp(approved_at),
        approved_by=approved_by,
        url=url,
        invoiced_outside_of_noko_url=f"{url}/marked_as_invoiced",
        approved_url=f"{url}/approved",
        unapproved_url=f"{url}/unapproved",
        created_at=format_timestamp(created_at),
        updated_at=format_timestamp(updated_at),
    )


def is_billable(project: SimpleProject | None, tags: Iterable[SimpleTag]) -> bool:
    """Return whether an entry is billable: if neither its project nor one of its tags is unbillable."""
    return (project is None or project.billable) and all(tag.billable for tag in tags)


def round_up(minutes: int, project: SimpleProject | None) -> int:
    """Round minutes up to the next multiple of the project's billing increment."""
    increment = 1 if project is None else project.billing_increment
    return -(-minutes // increment) * increment


def _represent(links: Links, row: Row, tags: list[SimpleTag], include_invoice: bool) -> Entry:
    return compose(
        links,
        id=row.id,
        date=row.date,
        user=summarize_joined_user(links, row),
        minutes=row.minutes,
        description=row.description,
        project=None if row.project_id is None else summarize_joined_project(links, row),
        tags=tags,
        source_url=row.source_url,
        invoiced_at=row.invoiced_at,
        invoice=summarize_joined_invoice(links, row) if include_invoice else None,
        approved_at=row.approved_at,
        approved_by=None
        if row.approver_id is None
        else SimpleUser(
            row.approver_id,
            row.approver_email,
            row.approver_first_name,
            row.approver_last_name,
            row.approver_profile_image_url or "",
            links.user(row.approver_id),
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


_TAGS = Statement(
    select(entry_tags.c.entry_id, tags.c.id, tags.c.name, tags.c.billable)
    .join_from(entry_tags, tags, (tags.c.account_id == entry_tags.c.account_id) & (tags.c.id == entry_tags.c.tag_id))
    .where(entry_tags.c.account_id == bindparam("account"), any_of(entry_tags.c.entry_id, "ids"))
    .order_by(entry_tags.c.entry_id, entry_tags.c.place)
)
