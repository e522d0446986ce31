"""Sum up entries by group (``docs/api/reports.md``).

That takes one statement, and one more if weeks are groups, for the day on which the caller's weeks begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from sqlalchemy import bindparam, select, union_all

from hourhook.domain.callers import Caller
from hourhook.domain.entries import kept_totals
from hourhook.domain.entries.reading import LISTING, EntryFilters, resolve_filters
from hourhook.domain.inputs import UNSET, UnsetType, ValidationErrors, value_or
from hourhook.domain.listings import MAX_CACHED_STATEMENTS
from hourhook.domain.reports.groupings import OF_SUMS, TIMES, GroupByField, name_of_time, sum_queries
from hourhook.domain.reports.representations import ReportGroup, TimeReport
from hourhook.domain.visibility import scope_of
from hourhook.store.schema import entries, entry_sums, users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

MAX_YEARS = 10


class ReportFilters(EntryFilters, rename={"from_": "from"}):
    """A period, groupings, and the filters of the list of entries."""

    required: ClassVar = ("from", "to")
    group_by: (
        Annotated[list[str], GroupByField(), "One grouping, or two different ones separated by a comma."] | UnsetType
    ) = UNSET


def read(
    tx: Transaction, caller: Caller, params: ReportFilters, errors: ValidationErrors, *, week_start: str | None = None
) -> TimeReport:
    """Return the sums of the entries that the caller sees and that match; ``week_start`` is the caller's, if known."""
    check_period(params, errors)
    errors.raise_if_any()
    first, last = params.from_, params.to
    assert isinstance(first, str)
    assert isinstance(last, str)
    names = tuple(value_or(params.group_by, []))
    if week_start is None:
        by_week = "week" in names
        week_start = tx.value(_WEEK_START, account=caller.account_id, me=caller.user_id) if by_week else "Monday"
    filters, tags_count = resolve_filters(caller, params)
    filters.pop("group_by", None)
    if OF_SUMS.issuperset(names) and kept_totals.knows(filters):
        statement = _of_sums(names, scope_of(caller), frozenset(filters))
        rows = tx.all(statement, **kept_totals.parameters(caller, filters))
    else:
        rows = LISTING.sums(tx, caller, sum_queries(names, week_start), filters, tags_count=tags_count)
    root = _arrange(rows)
    return TimeReport(first, last, *_amounts(root), _represent(root, names, week_start))


def check_period(params: ReportFilters, errors: ValidationErrors) -> None:
    """Add an error if the period is longer than ``MAX_YEARS``."""
    first, last = params.from_, params.to
    if isinstance(first, str) and isinstance(last, str) and last > _years_after(first):
        errors.add("to", "invalid", f"to must be at most {MAX_YEARS} years after from.")


@dataclass(slots=True)
class _Node:
    """A group while the report is put together; without sums of its own they are those of its children."""

    name: str | None = None
    sums: tuple[int, int, int] | None = None
    children: "dict[Any, _Node]" = field(default_factory=dict)

    def total(self) -> tuple[int, int, int]:
        if self.sums is None:
            found = [child.total() for child in self.children.values()]
            self.sums = (sum(a for a, _, _ in found), sum(b for _, b, _ in found), sum(c for _, _, c in found))
        return self.sums


def _arrange(rows: Sequence[Row]) -> _Node:
    root = _Node()
    for row in rows:
        node = root
        for key, name in ((row.key_0, row.name_0), (row.key_1, row.name_1))[: row.depth]:
            node = node.children.setdefault(key, _Node(name))
        # Of kept sums and of single entries, a group has several rows.
        minutes, billable, invoiced = node.sums or (0, 0, 0)
        node.sums = (
            minutes + int(row.minutes or 0),
            billable + int(row.billable_minutes or 0),
            invoiced + int(row.invoiced_minutes or 0),
        )
    return root


@lru_cache(MAX_CACHED_STATEMENTS)
def _of_sums(names: tuple[str, ...], scope: str, filters: frozenset[str]) -> Statement:
    """Return the statement of the queries of kept sums, and of the entries of days that are no whole month."""
    by_table = {of: sum_queries(names, "Monday", of) for of in (entry_sums, entries)}
    queries = [
        part
        for depth in range(len(by_table[entry_sums]))
        for part in kept_totals.split({of: found[depth] for of, found in by_table.items()}, scope, filters)
    ]
    return Statement(union_all(*queries), replan=True)


def _represent(node: _Node, names: Sequence[str], week_start: str) -> list[ReportGroup]:
    if not names:
        return []
    by, *rest = names
    groups = []
    for key, child in node.children.items():
        id, name = (None, name_of_time(by, key, week_start)) if by in TIMES else (key, child.name)
        groups.append(ReportGroup(by, id, name, *_amounts(child), _represent(child, rest, week_start)))
    return sorted(groups, key=_by_time if by in TIMES else _by_minutes)


def _by_time(group: ReportGroup) -> str:
    return group.name or ""


def _by_minutes(group: ReportGroup) -> tuple[object, ...]:
    name = group.name or ""
    return group.id is None, -group.minutes, name.casefold(), name, group.id or 0


def _amounts(node: _Node) -> tuple[int, int, int, int, int]:
    minutes, billable, invoiced = node.total()
    return minutes, billable, minutes - billable, invoiced, minutes - invoiced


def _years_after(day: str) -> str:
    """Return the day that is ``MAX_YEARS`` later, or the last one that there is."""
    found = date.fromisoformat(day)
    year = found.year + MAX_YEARS
    if year > date.max.year:
        return date.max.isoformat()
    is_leap_day = (found.month, found.day) == (2, 29)
    return found.replace(year=year, day=28 if is_leap_day else found.day).isoformat()


_WEEK_START = Statement(
    select(users.c.week_start).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("me"))
)
