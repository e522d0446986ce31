"""Sum up all entries that match filters (``docs/api/entries.md#filters``)."""

from sqlalchemy import bindparam, case, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.entries import kept_totals
from hourhook.domain.entries.kept_totals import EntryTotals
from hourhook.domain.entries.reading import LISTING, EntryFilters, resolve_filters
from hourhook.domain.entries.representations import IS_BILLABLE
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.listings import SumQuery
from hourhook.store.schema import entries
from hourhook.store.transaction import Transaction


def read(tx: Transaction, caller: Caller, params: EntryFilters, errors: ValidationErrors) -> EntryTotals:
    """Return the totals of all entries that the caller sees and that match."""
    errors.raise_if_any()
    filters, tags_count = resolve_filters(caller, params)
    known = kept_totals.read(tx, caller, filters)
    if known is not None:
        return known
    row = LISTING.aggregate(tx, caller, _TOTALS, filters, tags_count=tags_count)
    return EntryTotals(int(row.number), int(row.minutes or 0), int(row.billable_minutes or 0))


_TOTALS: SumQuery = (
    select(
        func.count().label("number"),
        func.sum(entries.c.minutes).label("minutes"),
        func.sum(case((IS_BILLABLE, entries.c.minutes), else_=0)).label("billable_minutes"),
    )
    .select_from(entries)
    .where(entries.c.account_id == bindparam("account"))
)
