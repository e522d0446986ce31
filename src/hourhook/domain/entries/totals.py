"""Sum up all entries that match filters (``docs/api/entries.md#filters``)."""

from sqlalchemy import bindparam, select

from hourhook.domain.callers import Caller
from hourhook.domain.entries import kept_totals
from hourhook.domain.entries.kept_totals import EntryTotals
from hourhook.domain.entries.reading import LISTING, EntryFilters, resolve_filters
from hourhook.domain.entries.representations import IS_BILLABLE
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.listings import SumQuery
from hourhook.store.schema import entries
from hourhook.store.transaction import Transaction

# Kept sums do not know all filters, and then each entry is read: no more than these.
MAX_SUMMED = 10_000


def read(tx: Transaction, caller: Caller, params: EntryFilters, errors: ValidationErrors) -> EntryTotals | None:
    """Return the totals of all entries that the caller sees and that match; None if there are too many to sum up."""
    errors.raise_if_any()
    filters, tags_count = resolve_filters(caller, params)
    known = kept_totals.read(tx, caller, filters)
    if known is not None:
        return known
    rows = LISTING.select(tx, caller, _MINUTES, filters, tags_count=tags_count, most=MAX_SUMMED + 1)
    if len(rows) > MAX_SUMMED:
        return None
    billable = sum(row.minutes for row in rows if row.is_billable)
    return EntryTotals(len(rows), sum(row.minutes for row in rows), billable)


_MINUTES: SumQuery = (
    select(entries.c.minutes, IS_BILLABLE.label("is_billable"))
    .select_from(entries)
    .where(entries.c.account_id == bindparam("account"))
    .limit(bindparam("most"))
)
