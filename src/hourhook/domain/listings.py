"""Lists with pagination and filters: one statement for each combination of filters in use.

A filter has the name of its input, with ``not`` before it for a boolean that is false. Its condition takes the filter's
value as the parameter of that name. See ``docs/api/conventions.md#filters`` and ``docs/api/conventions.md#pagination``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    UnaryExpression,
    bindparam,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import Subquery

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs
from hourhook.domain.pages import Pagination
from hourhook.domain.visibility import scope_of
from hourhook.store import text_index
from hourhook.store.schema import accounts
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

SumQuery = Select[*tuple[Any, ...]]
Conditions = Mapping[str, ColumnElement[bool]]
# Far more combinations of filters than clients use, and far fewer than are possible.
MAX_CACHED_STATEMENTS = 256
# In one database.
MAX_CACHED_TOTALS = 10_000
# With a filter whose matches are costly to tell, no more objects are counted.
MAX_COUNTED = 10_000
# The ids of the few objects that a filter can match; a filter that no request has.
_FEW = "few"
# Changes with each event, and with each import, which may raise none.
_VERSION = (
    select(accounts.c.last_position.cast(String) + ":" + accounts.c.updated_at.cast(String))
    .where(accounts.c.id == bindparam("account"))
    .scalar_subquery()
    .label("version")
)


@dataclass(frozen=True, eq=False)
class Listing:
    """A list: its rows, their count and order, the rows that a role can see, and the filters.

    Every statement takes the parameters ``account`` and ``me``.
    """

    rows: Select[Any]
    count_query: Select[Any]
    order: tuple[ColumnElement[Any], ...]
    visible: Callable[[str], ColumnElement[bool]]
    conditions: Conditions
    # The column of the objects' ids, by which ``after_id`` lists them.
    id: ColumnElement[Any]
    # Whether it can grow so large that counting it is expensive.
    is_large: bool = False
    # The tables whose index of texts has the objects of a text filter, by the filter's name.
    indexed_texts: Mapping[str, str] = field(default_factory=dict)
    # Filters with an index that is not in the list's order: those of one index, and its name, or the query of the ids
    # of rows that they can match. If these are few, the list is read by these ids, and otherwise in its order, where
    # enough of them are found soon.
    indexed: Mapping[tuple[str, ...], str | Select[Any]] = field(default_factory=dict)
    # Filters whose matches are not counted beyond ``MAX_COUNTED``.
    uncounted: frozenset[str] = frozenset()
    # The total for a caller and filters, where it is known without counting; otherwise None.
    known_total: Callable[[Transaction, Caller, Mapping[str, Any]], int | None] = lambda *_: None
    _statements: Callable[[str, frozenset[str], bool], tuple[Statement, Statement]] = field(init=False)
    _probes: Callable[[tuple[str, ...], frozenset[str]], Statement] = field(init=False)
    _aggregates: Callable[[SumQuery, str, frozenset[str]], Statement] = field(init=False)
    _unions: Callable[[tuple[SumQuery, ...], str, frozenset[str]], Statement] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_statements", lru_cache(MAX_CACHED_STATEMENTS)(self._build))
        object.__setattr__(self, "_probes", lru_cache(MAX_CACHED_STATEMENTS)(self._build_probe))
        object.__setattr__(self, "_aggregates", lru_cache(MAX_CACHED_STATEMENTS)(self._build_aggregate))
        object.__setattr__(self, "_unions", lru_cache(MAX_CACHED_STATEMENTS)(self._build_union))

    def read(
        self,
        tx: Transaction,
        caller: Caller,
        pagination: Pagination,
        filters: Mapping[str, object],
        *,
        with_total: bool = True,
        **more: object,
    ) -> tuple[list[Row], int | None]:
        """Return the rows of one page that the caller can see, and the total on all pages, or 0 if it is not wanted.

        The total is None if an ``uncounted`` filter matches more than ``MAX_COUNTED`` rows and another page follows.
        ``more`` are further parameters of the filters' conditions.
        """
        filters = self._prepare(tx, caller, filters, more)
        if pagination.after_id is not None:
            return self._read_after(tx, caller, pagination, filters, more)
        rows, count = self._statements(scope_of(caller), frozenset(filters), False)
        parameters = {"account": caller.account_id, "me": caller.user_id, **filters, **more}
        found = tx.all(rows, **parameters, limit=pagination.limit, offset=pagination.offset)
        if not with_total:
            return found, 0
        if 0 < len(found) < pagination.limit or (not found and pagination.page == 1):
            # The last page, so the total follows.
            return found, pagination.offset + len(found)
        if self.is_large and found and not caller.is_scoped and not tx.account_id:
            return found, self._total(tx, caller, pagination, found[0].version, filters, count, parameters)
        return found, self._count(tx, pagination, filters, count, parameters)

    def aggregate(
        self, tx: Transaction, caller: Caller, query: SumQuery, filters: Mapping[str, object], **more: object
    ) -> Row:
        """Return the one row of a query of sums over all rows with these filters that the caller can see."""
        [row] = self.select(tx, caller, query, filters, **more)
        return row

    def select(
        self, tx: Transaction, caller: Caller, query: SumQuery, filters: Mapping[str, object], **more: object
    ) -> list[Row]:
        """Return all rows of a query over the rows with these filters that the caller can see."""
        filters = self._prepare(tx, caller, filters, more)
        statement = self._aggregates(query, scope_of(caller), frozenset(filters))
        return tx.all(statement, account=caller.account_id, me=caller.user_id, **filters, **more)

    def sums(
        self,
        tx: Transaction,
        caller: Caller,
        queries: tuple[SumQuery, ...],
        filters: Mapping[str, object],
        **more: object,
    ) -> list[Row]:
        """Return the rows of several queries of sums with the same columns, with one statement; see ``aggregate``."""
        filters = self._prepare(tx, caller, filters, more)
        statement = self._unions(queries, scope_of(caller), frozenset(filters))
        return tx.all(statement, account=caller.account_id, me=caller.user_id, **filters, **more)

    def _read_after(
        self,
        tx: Transaction,
        caller: Caller,
        pagination: Pagination,
        filters: Mapping[str, object],
        more: Mapping[str, object],
    ) -> tuple[list[Row], int]:
        """Return the rows with a greater id, ascending, and their number, plus one if more follow.

        Nothing is counted, so a page costs the same wherever it is in the list.
        """
        statement = self._statements(scope_of(caller), frozenset(filters), True)[0]
        found = tx.all(
            statement,
            **{"account": caller.account_id, "me": caller.user_id, **filters, **more},
            limit=pagination.limit + 1,
            after_id=pagination.after_id,
        )
        return found[: pagination.limit], len(found)

    def _prepare(
        self, tx: Transaction, caller: Caller, filters: Mapping[str, Any], more: Mapping[str, object]
    ) -> dict[str, Any]:
        """Return the filters as the statements have them, with the ids of the rows that they can match, if few."""
        prepared: dict[str, Any] = dict(self._simplify(filters))
        few: list[int] | None = None
        for name in prepared.keys() & self.indexed_texts.keys():
            few = text_index.find_few(tx, self.indexed_texts[name], prepared[name])
        for names in self.indexed:
            used = prepared.keys() & names
            if used and (few is None or len(few) > 1):
                probe = self._probes(names, frozenset(used))
                parameters = {"account": caller.account_id, **{name: prepared[name] for name in used}, **more}
                found = tx.all(probe, **parameters, limit=text_index.FEW + 1)
                if len(found) <= (text_index.FEW if few is None else len(few)):
                    few = [row.id for row in found]
        if few is not None:
            prepared[_FEW] = few
        return prepared

    def _simplify(self, filters: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        """Replace each list of a single id by that id, for which an index returns rows in order."""
        for name, value in filters.items():
            if isinstance(value, list) and len(value) == 1 and f"{name}_only" in self.conditions:
                yield f"{name}_only", value[0]
            else:
                yield name, value

    def _total(
        self,
        tx: Transaction,
        caller: Caller,
        pagination: Pagination,
        version: str,
        filters: Mapping[str, object],
        count: Statement,
        parameters: dict[str, Any],
    ) -> int | None:
        """Return the size of a list, counted only once between two events of the account.

        It cannot change without an event or an import, and counting is the most expensive part of a page in a large
        account.
        """
        # Not the parameters themselves, which can be long.
        key = self, blake2b(repr(sorted(parameters.items())).encode(), digest_size=16).digest()
        cached = tx.list_totals.get(key)
        if cached is None or cached[0] != version:
            if len(tx.list_totals) >= MAX_CACHED_TOTALS:
                tx.list_totals.clear()
            known = self.known_total(tx, caller, filters)
            if known is None:
                known = self._count(tx, pagination, filters, count, parameters)
            if known is None:
                # Of this page only, and cheap.
                return None
            cached = tx.list_totals[key] = (version, known)
        return cached[1]

    def _count(
        self,
        tx: Transaction,
        pagination: Pagination,
        filters: Mapping[str, object],
        count: Statement,
        parameters: Mapping[str, Any],
    ) -> int | None:
        if filters.keys().isdisjoint(self.uncounted):
            return int(tx.value(count, **parameters))
        most = max(MAX_COUNTED, pagination.offset + pagination.limit)
        total = int(tx.value(count, **parameters, most=most + 1))
        return None if total > most else total

    def _conditions_of(self, scope: str, names: frozenset[str]) -> list[ColumnElement[bool]]:
        of_filters = (any_of(self.id, _FEW) if name == _FEW else self.conditions[name] for name in sorted(names))
        return [self.visible(scope), *of_filters]

    def _with_hint(self, query: Select[Any], names: frozenset[str]) -> Select[Any]:
        """Make SQLite read few rows by their ids, which it expects to be many."""
        table = self.id.table
        primary_key = f"INDEXED BY sqlite_autoindex_{table.name}_1"
        return query.with_hint(table, primary_key, "sqlite") if _FEW in names else query

    def _build_probe(self, group: tuple[str, ...], names: frozenset[str]) -> Statement:
        probe = self.indexed[group]
        if isinstance(probe, str):
            query = self.count_query.with_only_columns(self.id.label("id"), maintain_column_froms=True)
            query = query.where(*(self.conditions[name] for name in sorted(names)))
            # SQLite would expect an average number of rows for each value.
            probe = query.with_hint(self.id.table, f"INDEXED BY {probe}", "sqlite")
        return Statement(probe.limit(bindparam("limit", type_=Integer)), replan=True)

    def _build_aggregate(self, query: SumQuery, scope: str, names: frozenset[str]) -> Statement:
        return Statement(self._with_hint(query.where(*self._conditions_of(scope, names)), names))

    def _build_union(self, queries: tuple[SumQuery, ...], scope: str, names: frozenset[str]) -> Statement:
        conditions = self._conditions_of(scope, names)
        filtered = (self._with_hint(query.where(*conditions), names) for query in queries)
        return Statement(union_all(*filtered), replan=True)

    def _build(self, scope: str, names: frozenset[str], is_by_id: bool) -> tuple[Statement, Statement]:
        conditions = self._conditions_of(scope, names)
        counted = self._with_hint(self.count_query.where(*conditions), names)
        if not names.isdisjoint(self.uncounted):
            some: Select[Any] = counted.with_only_columns(literal_column("1"), maintain_column_froms=True)
            counted = select(func.count()).select_from(some.limit(bindparam("most", type_=Integer)).subquery())
        count = Statement(counted, replan=True)
        limit: Any = bindparam("limit", type_=Integer)
        order = (self.id,) if is_by_id else self.order
        # From the tables that are counted, not from all that the rows are joined to: an index may have all of a page.
        keys = [key.label(f"key_{number}") for number, (key, _) in enumerate(_split(order))]
        of_page = self.count_query.with_only_columns(self.id.label("id"), *keys, maintain_column_froms=True)
        of_page = self._with_hint(of_page.where(*conditions).order_by(*order).limit(limit), names)
        if is_by_id:
            return self._select(of_page.where(self.id > bindparam("after_id", type_=Integer)), order), count
        offset: Any = bindparam("offset", type_=BigInteger)
        return self._select(of_page.offset(offset), order, _VERSION), count

    def _select(
        self, of_page: Select[Any], order: tuple[ColumnElement[Any], ...], *more: ColumnElement[Any]
    ) -> Statement:
        """Return the statement that reads the rows whose ids ``of_page`` selects.

        So what the rows are joined to is read for those on the page only, whatever the database expects.
        """
        page = of_page.subquery("page")
        # By the keys of the page, or SQLite may read all rows in their order and look for each of them on the page.
        ordered = [
            key.desc() if is_descending else key
            for key, (_, is_descending) in zip([*page.c][1:], _split(order), strict=True)
        ]
        joined = self.rows.add_columns(*more).select_from(page).where(self.id == page.c.id).order_by(*ordered)
        return Statement(joined, _row_by_row(self.rows, page, self.id, ordered, more), replan=True)


def _split(order: tuple[ColumnElement[Any], ...]) -> Iterator[tuple[ColumnElement[Any], bool]]:
    """Return the keys of an order, and whether each is descending."""
    for element in order:
        if isinstance(element, UnaryExpression):
            yield element.element, True
        else:
            yield element, False


def _row_by_row(
    rows: Select[Any],
    page: Subquery,
    id: ColumnElement[Any],
    ordered: list[ColumnElement[Any]],
    more: tuple[ColumnElement[Any], ...],
) -> Select[Any]:
    """Return the statement for PostgreSQL, which would otherwise join in any order that it finds best."""
    row = rows.where(id == page.c.id).limit(literal_column("1")).lateral("item")
    return select(*row.c, *more).select_from(page.join(row, true())).order_by(*ordered)


def id_conditions(column: ColumnElement[Any], name: str) -> dict[str, ColumnElement[bool]]:
    """Return the conditions of a filter by ids."""
    return {name: any_of(column, name), f"{name}_only": column == bindparam(f"{name}_only")}


def active_filters(params: Inputs) -> dict[str, Any]:
    """Return the filters that a request uses, with their values."""
    found: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(params).items():
        if isinstance(value, bool):
            found[name if value else f"not {name}"] = value
        elif value is not UNSET and value is not None:
            found[name] = value
    return found
