"""Sum up the caller's own entries by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import bindparam, case, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.entries.representations import IS_BILLABLE
from hourhook.domain.visibility import scope_of, visible_entries
from hourhook.store.schema import entries
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class DayTotal:
    """The minutes of one day."""

    minutes: int = 0
    billable_minutes: int = 0

    @property
    def unbillable_minutes(self) -> int:
        return self.minutes - self.billable_minutes


def read(tx: Transaction, caller: Caller, first: str, last: str) -> Mapping[str, DayTotal]:
    """Return the totals of the days from ``first`` to ``last`` that have entries."""
    rows = tx.all(_totals(scope_of(caller)), account=caller.account_id, me=caller.user_id, first=first, last=last)
    return {row.date: DayTotal(int(row.minutes), int(row.billable_minutes)) for row in rows}


@cache
def _totals(scope: str) -> Statement:
    return Statement(
        select(
            entries.c.date,
            func.sum(entries.c.minutes).label("minutes"),
            func.sum(case((IS_BILLABLE, entries.c.minutes), else_=0)).label("billable_minutes"),
        )
        .where(
            entries.c.account_id == bindparam("account"),
            entries.c.user_id == bindparam("me"),
            entries.c.date >= bindparam("first"),
            entries.c.date <= bindparam("last"),
            visible_entries(scope),
        )
        .group_by(entries.c.date)
    )
