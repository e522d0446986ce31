"""The representation of an inbox entry; the order of its keys is part of the API."""

import msgspec

from hourhook.clock import format_timestamp
from hourhook.domain.links import Links
from hourhook.domain.summaries import Date, Timestamp, Url
from hourhook.store.schema import entries, inbox_entries
from hourhook.store.statements import Row


class InboxEntry(msgspec.Struct, frozen=True):
    """An inbox entry."""

    id: int
    date: Date
    minutes: int | None
    description: str
    project_name: str | None
    logged: bool
    entry_url: Url | None
    url: Url
    log_url: Url
    created_at: Timestamp
    updated_at: Timestamp


# The columns that ``represent`` needs, from ``JOINED``.
COLUMNS = (
    inbox_entries.c.id,
    inbox_entries.c.date,
    inbox_entries.c.minutes,
    inbox_entries.c.description,
    inbox_entries.c.project_name,
    inbox_entries.c.logged,
    inbox_entries.c.created_at,
    inbox_entries.c.updated_at,
    # The id from the entry itself, which is null after the entry has been deleted.
    entries.c.id.label("entry_id"),
)
JOINED = inbox_entries.outerjoin(
    entries, (entries.c.account_id == inbox_entries.c.account_id) & (entries.c.id == inbox_entries.c.entry_id)
)


def represent(links: Links, row: Row) -> InboxEntry:
    """Represent a row of ``COLUMNS``."""
    url = links.inbox_entry(row.id)
    return InboxEntry(
        id=row.id,
        date=row.date,
        minutes=row.minutes,
        description=row.description,
        project_name=row.project_name,
        logged=row.logged,
        entry_url=None if row.entry_id is None else links.entry(row.entry_id),
        url=url,
        log_url=f"{url}/log",
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )
