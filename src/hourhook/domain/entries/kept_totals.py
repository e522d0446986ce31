"""Totals of entries from the kept sums (``docs/how-it-works.md#kept-sums``), where filters and callers allow it.

Sums are of whole months; entries are counted only in the months that a period has in part. So the cost does not depend
on how many entries there are.
"""

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, case, func, literal_column, select, union_all

from hourhook.domain.callers import Caller
from hourhook.domain.entries.representations import IS_BILLABLE, is_in_unbillable_project
from hourhook.domain.listings import MAX_CACHED_STATEMENTS, id_conditions
from hourhook.domain.visibility import scope_of, visible_entries
from hourhook.store.schema import entries, entry_sums, project_group_members, team_members
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class EntryTotals:
    """The number of entries and their minutes."""

    count: int
    minutes: int
    billable_minutes: int


def people_and_projects(of: Table) -> dict[str, ColumnElement[bool]]:
    """Return the conditions of filters by user and project, of entries or of their sums."""
    account: Any = bindparam("account")
    return {
        "within_user": of.c.user_id == bindparam("within_user"),
        "within_team": of.c.user_id.in_(
            select(team_members.c.user_id).where(
                team_members.c.account_id == account, team_members.c.team_id == bindparam("within_team")
            )
        ),
        "within_project": of.c.project_id == bindparam("within_project"),
        "within_group": of.c.project_id.in_(
            select(project_group_members.c.project_id).where(
                project_group_members.c.account_id == account,
                project_group_members.c.project_group_id == bindparam("within_group"),
            )
        ),
        **id_conditions(of.c.user_id, "user_ids"),
        **id_conditions(of.c.project_id, "project_ids"),
    }


def read(tx: Transaction, caller: Caller, filters: Mapping[str, Any]) -> EntryTotals | None:
    """Return the totals of all entries with these filters of ``reading.LISTING``; None if sums do not know them.

    They are of the entries that the caller sees.
    """
    if not knows(filters):
        return None
    row = tx.one(_totals(scope_of(caller), frozenset(filters)), **parameters(caller, filters))
    assert row is not None
    return EntryTotals(int(row.number), int(row.minutes), int(row.billable_minutes))


def count(tx: Transaction, caller: Caller, filters: Mapping[str, Any]) -> int | None:
    """Return the number of all entries with these filters; None if sums do not know it."""
    found = read(tx, caller, filters)
    return None if found is None else found.count


def knows(filters: Collection[str]) -> bool:
    """Return whether sums know the totals of entries with these filters of ``reading.LISTING``."""
    return _KNOWN.issuperset(filters)


def parameters(caller: Caller, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the parts of ``split``."""
    return {"account": caller.account_id, "me": caller.user_id, **filters, **_period(filters)}


def split(by_table: Mapping[Table, Select[Any]], scope: str, names: frozenset[str]) -> list[Select[Any]]:
    """Return the query over the kept sums of the whole months of a period, and those over entries of the other days.

    ``by_table`` has the queries of ``entry_sums`` and of ``entries``; ``names`` are those of the filters.
    """
    months = (entry_sums.c.month >= bindparam("first_month"), entry_sums.c.month < bindparam("before_month"))
    parts = [_narrow(by_table[entry_sums], entry_sums, scope, names).where(*months if names & _DATES else ())]
    for name, part in (("from_", "head"), ("to", "tail")):
        if name in names:
            days = (entries.c.date >= bindparam(f"{part}_from"), entries.c.date <= bindparam(f"{part}_to"))
            parts.append(_narrow(by_table[entries], entries, scope, names).where(*days))
    return parts


def number(of: Table) -> ColumnElement[Any]:
    """Return the number of entries, or of those in their kept sums."""
    return func.sum(entry_sums.c.entries_count if of is entry_sums else literal_column("1")).label("number")


def amounts(of: Table) -> list[ColumnElement[Any]]:
    """Return the sums of minutes of entries, or of their kept sums."""
    conditions = _CONDITIONS[of]
    return [
        func.sum(of.c.minutes).label("minutes"),
        func.sum(case((conditions["billable"], of.c.minutes), else_=0)).label("billable_minutes"),
        func.sum(case((conditions["invoiced"], of.c.minutes), else_=0)).label("invoiced_minutes"),
    ]


def _period(filters: Mapping[str, Any]) -> dict[str, str]:
    """Return the whole months of a period, and the days of those that it begins and ends in, if only in part.

    As texts: ``2024-05~`` comes after May and before June, and ``2024-05-31`` not before the last day of any May.
    """
    first, last = filters.get("from_"), filters.get("to")
    found = {"first_month": "", "before_month": "~", "head_from": "", "head_to": "", "tail_from": "", "tail_to": ""}
    if first is not None:
        found["first_month"] = first[:7]
        if not first.endswith("-01"):
            found |= {
                "first_month": f"{first[:7]}~",
                "head_from": first,
                "head_to": min(last or "~", f"{first[:7]}-31"),
            }
    if last is not None:
        found["before_month"] = f"{last[:7]}~"
        if int(last[8:]) < monthrange(int(last[:4]), int(last[5:7]))[1]:
            found["before_month"] = last[:7]
            if not found["head_from"].startswith(last[:7]):
                found |= {"tail_from": max(first or "", f"{last[:7]}-01"), "tail_to": last}
    return found


@lru_cache(MAX_CACHED_STATEMENTS)
def _totals(scope: str, names: frozenset[str]) -> Statement:
    found = union_all(*split({of: _sum(of) for of in (entry_sums, entries)}, scope, names)).subquery()
    sums = [func.coalesce(func.sum(column), 0).label(column.name) for column in found.c]
    return Statement(select(*sums), replan=True)


def _sum(of: Table) -> Select[Any]:
    return select(number(of), *amounts(of)[:2]).select_from(of)


def _narrow(query: Select[Any], of: Table, scope: str, names: frozenset[str]) -> Select[Any]:
    return query.where(
        of.c.account_id == bindparam("account"),
        visible_entries(scope, of),
        *(_CONDITIONS[of][name] for name in sorted(names - _DATES)),
    )


def _conditions(of: Table, is_billable: ColumnElement[bool], is_invoiced: ColumnElement[bool]) -> dict[str, Any]:
    is_in_no_project = of.c.project_id.is_(None) if of is entries else of.c.project_id == 0
    return {
        **people_and_projects(of),
        "without_project": is_in_no_project,
        "billable": is_billable,
        "not billable": ~is_billable,
        "invoiced": is_invoiced,
        "not invoiced": ~is_invoiced,
    }


_DATES = frozenset({"from_", "to"})
_CONDITIONS = {
    entries: _conditions(entries, IS_BILLABLE, entries.c.invoiced_at.is_not(None)),
    entry_sums: _conditions(
        entry_sums,
        entry_sums.c.has_unbillable_tag.is_(False) & ~is_in_unbillable_project(entry_sums),
        entry_sums.c.is_invoiced.is_(True),
    ),
}
_KNOWN = _DATES | _CONDITIONS[entries].keys()
