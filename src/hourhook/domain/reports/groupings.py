"""What a report can be grouped by, and the queries that sum entries up by one or two of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Table, bindparam, func, literal_column, null, select

from hourhook.domain.entries.kept_totals import amounts
from hourhook.domain.inputs.base import FieldType
from hourhook.domain.listings import SumQuery
from hourhook.store.schema import (
    entries,
    entry_sums,
    entry_tags,
    project_group_members,
    project_groups,
    projects,
    tags,
    team_members,
    teams,
    users,
)
from hourhook.store.statements import day_number

TIMES = ("date", "week", "month")
GROUPINGS = ("project", "project_group", "user", "team", "tag", *TIMES)
MAX_GROUPINGS = 2
# Those that kept sums know.
OF_SUMS = frozenset({"project", "project_group", "user", "team", "month"})


class GroupByField(FieldType):
    """One or two different groupings."""

    schema = {"type": "array", "items": {"type": "string", "enum": [*GROUPINGS]}, "maxItems": MAX_GROUPINGS}

    def parse(self, value: object) -> list[str]:
        if not isinstance(value, str):
            raise ValueError("not a text")
        return self.parse_query([value])

    def parse_query(self, texts: list[str]) -> list[str]:
        names = [part.strip() for text in texts for part in text.split(",") if part.strip()]
        if len(names) > MAX_GROUPINGS or len({*names}) < len(names) or not {*names} <= {*GROUPINGS}:
            raise ValueError("not one or two groupings")
        return names


@dataclass(frozen=True, slots=True)
class Grouping:
    """The SQL of a grouping; with ``is_many``, an entry can belong to several groups."""

    key: ColumnElement[Any]
    name: ColumnElement[Any]
    # The key as the report has it.
    shown: ColumnElement[Any]
    joined: Any = None
    on: Any = None
    is_many: bool = False


@cache
def sum_queries(names: tuple[str, ...], week_start: str, of: Table = entries) -> tuple[SumQuery, ...]:
    """Return the queries of entries, or of their kept sums, that together give the sums of all groups.

    Their rows are sums by the first ``depth`` groupings. The sums of a group follow from those of the groups in it, so
    there is a query of its own only where an entry can belong to several of these.
    """
    groupings = _groupings(of)
    found = [groupings[f"{name} {week_start}" if name == "week" else name] for name in names]
    depths = [len(found), *(depth for depth in reversed(range(len(found))) if found[depth].is_many)]
    return tuple(_sum_by(of, found[:depth]) for depth in depths)


def name_of_time(by: str, key: Any, week_start: str) -> str:
    """Return the name of a group of time: the date, the first day of the week, or the month as ``2026-01``."""
    if by != "week":
        return str(key)
    return date.fromordinal(max(1, int(key) * 7 + 1 - _WEEK_OFFSETS[week_start])).isoformat()


def _sum_by(of: Table, groupings: Sequence[Grouping]) -> SumQuery:
    source: Any = of
    for grouping in groupings:
        if grouping.joined is not None:
            source = source.outerjoin(grouping.joined, grouping.on)
    missing = MAX_GROUPINGS - len(groupings)
    keys = [grouping.key for grouping in groupings]
    return (
        select(
            _integer(len(groupings)).label("depth"),
            *(key.label(f"key_{n}") for n, key in enumerate([*(g.shown for g in groupings), *[null()] * missing])),
            *(name.label(f"name_{n}") for n, name in enumerate([*(g.name for g in groupings), *[null()] * missing])),
            *amounts(of),
        )
        .select_from(source)
        .where(of.c.account_id == bindparam("account"))
        .group_by(*keys)
    )


def _by_object(key: ColumnElement[Any], table: Any, name: Any = None, shown: Any = None, **more: Any) -> Grouping:
    """Group by objects of a table, which have a name."""
    found = select(table.c.name if name is None else name).where(
        table.c.account_id == bindparam("account"), table.c.id == key
    )
    return Grouping(key, found.scalar_subquery(), key if shown is None else shown, **more)


def _joined(of: Table, table: Any, column: str) -> dict[str, Any]:
    own = of.c.id if column == "entry_id" else of.c[column]
    return {"joined": table, "on": (table.c.account_id == of.c.account_id) & (table.c[column] == own)}


def _by_time(key: ColumnElement[Any]) -> Grouping:
    return Grouping(key, null(), key)


def _integer(number: int) -> ColumnElement[int]:
    """Return an integer as a part of the text, since one parameter in SELECT and GROUP BY would be two expressions."""
    return literal_column(str(number), Integer)


def _whole_name() -> ColumnElement[Any]:
    first, last = (func.coalesce(column, "") for column in (users.c.first_name, users.c.last_name))
    return func.coalesce(func.nullif(func.trim(first.concat(" ").concat(last)), ""), users.c.email)


# Weeks are counted from the first one that has a day of the year 1, whose first day was a Monday.
_WEEK_OFFSETS = {"Monday": 0, "Sunday": 1}


@cache
def _groupings(of: Table) -> dict[str, Grouping]:
    # Kept sums have a number for no project. They are grouped by the column, which is the order of an index.
    project = func.nullif(of.c.project_id, _integer(0)) if of is entry_sums else None
    found = {
        "project": _by_object(of.c.project_id, projects, shown=project),
        "project_group": _by_object(
            project_group_members.c.project_group_id, project_groups, **_joined(of, project_group_members, "project_id")
        ),
        "user": _by_object(of.c.user_id, users, _whole_name()),
        "team": _by_object(team_members.c.team_id, teams, is_many=True, **_joined(of, team_members, "user_id")),
    }
    if of is entry_sums:
        return {**found, "month": _by_time(entry_sums.c.month)}
    return {
        **found,
        "tag": _by_object(entry_tags.c.tag_id, tags, is_many=True, **_joined(of, entry_tags, "entry_id")),
        "date": _by_time(entries.c.date),
        "month": _by_time(func.substr(entries.c.date, _integer(1), _integer(7))),
        **{
            f"week {start}": _by_time((day_number(entries.c.date) + _integer(offset)) // _integer(7))
            for start, offset in _WEEK_OFFSETS.items()
        },
    }
