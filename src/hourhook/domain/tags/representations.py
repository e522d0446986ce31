"""The JSON representation of a tag (`docs/api/tags.md`)."""

import msgspec

from hourhook.clock import format_timestamp
from hourhook.domain import hashtags
from hourhook.domain.links import Links
from hourhook.domain.summaries import SimpleImport, Timestamp, Url
from hourhook.store.schema import tags
from hourhook.store.statements import Row


class Tag(msgspec.Struct, frozen=True):
    """A tag."""

    id: int
    name: str
    billable: bool
    formatted_name: str
    url: Url
    import_: SimpleImport | None = msgspec.field(name="import")
    entries: int
    entries_url: Url
    merge_url: Url
    created_at: Timestamp
    updated_at: Timestamp


# The columns that ``represent`` reads.
COLUMNS = (
    tags.c.id,
    tags.c.name,
    tags.c.name_key,
    tags.c.billable,
    tags.c.created_at,
    tags.c.updated_at,
    tags.c.entries_count,
)


def represent(links: Links, row: Row) -> Tag:
    return compose(
        links,
        id=row.id,
        name=row.name,
        billable=row.billable,
        entries=row.entries_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def compose(links: Links, *, id: int, name: str, billable: bool, entries: int, created_at: int, updated_at: int) -> Tag:
    """Represent a tag from its values, without reading the database."""
    url = links.tag(id)
    return Tag(
        id=id,
        name=name,
        billable=billable,
        formatted_name=hashtags.format_name(name, billable),
        url=url,
        import_=None,
        entries=entries,
        entries_url=f"{url}/entries",
        merge_url=f"{url}/merge",
        created_at=format_timestamp(created_at),
        updated_at=format_timestamp(updated_at),
    )
