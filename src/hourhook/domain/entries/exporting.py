"""Read all entries that match, for a file: one statement, whatever their number, and only what the file shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from hourhook.domain.callers import Caller
from hourhook.domain.entries import kept_totals
from hourhook.domain.entries.reading import LISTING, EntryFilters, resolve_filters
from hourhook.domain.entries.representations import IS_BILLABLE, JOINED
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.listings import SumQuery
from hourhook.store.schema import entries, projects, users
from hourhook.store.transaction import Transaction

# So that nobody can make the server hold a whole large account in memory.
MAX_ENTRIES = 50_000


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An entry as a file shows it."""

    id: int
    date: str
    person: str
    email: str
    project: str
    description: str
    minutes: int
    billable: bool
    is_approved: bool
    is_invoiced: bool
    source_url: str


def read(
    tx: Transaction, caller: Caller, params: EntryFilters, errors: ValidationErrors
) -> Sequence[ExportedEntry] | None:
    """Return the entries that the caller sees and that match, oldest first; None if there are too many."""
    errors.raise_if_any()
    filters, tags_count = resolve_filters(caller, params)
    # Rather than read so many, where kept sums know that they are too many.
    if (kept_totals.count(tx, caller, filters) or 0) > MAX_ENTRIES:
        return None
    rows = LISTING.select(tx, caller, _ROWS, filters, tags_count=tags_count, limit=MAX_ENTRIES + 1)
    if len(rows) > MAX_ENTRIES:
        return None
    return [
        ExportedEntry(
            id=row.id,
            date=row.date,
            person=" ".join(filter(None, (row.first_name, row.last_name))),
            email=row.email,
            project=row.project or "",
            description=row.description or "",
            minutes=row.minutes,
            billable=bool(row.is_billable),
            is_approved=row.approved_at is not None,
            is_invoiced=row.invoiced_at is not None,
            source_url=row.source_url or "",
        )
        for row in rows
    ]


_ROWS: SumQuery = (
    select(
        entries.c.id,
        entries.c.date,
        entries.c.minutes,
        entries.c.description,
        entries.c.source_url,
        entries.c.approved_at,
        entries.c.invoiced_at,
        IS_BILLABLE.label("is_billable"),
        users.c.first_name,
        users.c.last_name,
        users.c.email,
        projects.c.name.label("project"),
    )
    .select_from(JOINED)
    .where(entries.c.account_id == bindparam("account"))
    .order_by(entries.c.date, entries.c.id)
    .limit(bindparam("limit"))
)
