"""Collections, page by page, with one statement for each set of filters in use (contract, 00-conventions §4, §6).

A filter is named as its input, with ``not`` before it for a boolean that is false. Its condition takes the filter's
value as the parameter of that name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs
from hourhook.domain.pages import Pagination
from hourhook.domain.visibility import scope_of
from hourhook.store.schema import accounts
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

Conditions = Mapping[str, ColumnElement[bool]]
# Sets of filters whose statements are kept; far more than clients use, and far fewer than there can be.
MAX_CACHED_STATEMENTS = 256
# Accounts whose totals are kept.
MAX_CACHED_TOTALS = 10_000
_LAST_POSITION = (
    select(accounts.c.last_position)
    .where(accounts.c.id == bindparam("account"))
    .scalar_subquery()
    .label("last_position")
)


@dataclass(frozen=True, eq=False)
class Listing:
    """A collection: its rows, the count of them, their order, who sees which, and its filters.

    Every statement takes the parameters ``account`` and ``me``.
    """

    rows: Select[Any]
    count_query: Select[Any]
    order: tuple[ColumnElement[Any], ...]
    visible: Callable[[str], ColumnElement[bool]]
    conditions: Conditions
    # Whether it can grow so large that even counting it costs.
    is_large: bool = False
    _statements: Callable[[str, frozenset[str]], tuple[Statement, Statement]] = field(init=False)
    # How many there are in an account, as of which position of its log.
    _totals: dict[int, tuple[int, int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_statements", lru_cache(MAX_CACHED_STATEMENTS)(self._build))

    def read(
        self, tx: Transaction, caller: Caller, pagination: Pagination, filters: Mapping[str, object], **more: object
    ) -> tuple[list[Row], int]:
        """The rows of one page that the caller sees, and how many there are on all pages.

        ``more`` are further parameters that the conditions of the filters take.
        """
        filters = dict(self._sharpened(filters))
        rows, count = self._statements(scope_of(caller), frozenset(filters))
        parameters = {"account": caller.account_id, "me": caller.user_id, **filters, **more}
        found = tx.all(rows, **parameters, limit=pagination.limit, offset=pagination.offset)
        if 0 < len(found) < pagination.limit or (not found and pagination.page == 1):
            # The last page: what came before it is known.
            return found, pagination.offset + len(found)
        if self.is_large and found and not filters and not caller.is_scoped and not tx.account_id:
            return found, self._total(tx, found[0].last_position, count, parameters)
        return found, int(tx.value(count, **parameters))

    def _sharpened(self, filters: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        """The filters, with each list of a single id as that id, which an index finds in order."""
        for name, value in filters.items():
            if isinstance(value, list) and len(value) == 1 and f"{name}_only" in self.conditions:
                yield f"{name}_only", value[0]
            else:
                yield name, value

    def _total(self, tx: Transaction, position: int, count: Statement, parameters: dict[str, Any]) -> int:
        """The size of the whole collection, counted only once between two events of the account.

        It cannot change without an event. Counting is what a page of a large account would cost most.
        """
        account_id = parameters["account"]
        known = self._totals.get(account_id)
        if known is None or known[0] != position:
            if len(self._totals) >= MAX_CACHED_TOTALS:
                self._totals.clear()
            known = self._totals[account_id] = (position, int(tx.value(count, **parameters)))
        return known[1]

    def _build(self, scope: str, names: frozenset[str]) -> tuple[Statement, Statement]:
        conditions = [self.visible(scope), *(self.conditions[name] for name in sorted(names))]
        limit: Any = bindparam("limit", type_=Integer)
        offset: Any = bindparam("offset", type_=BigInteger)
        return (
            Statement(
                self.rows.add_columns(_LAST_POSITION)
                .where(*conditions)
                .order_by(*self.order)
                .limit(limit)
                .offset(offset)
            ),
            Statement(self.count_query.where(*conditions)),
        )


def id_conditions(column: ColumnElement[Any], name: str) -> dict[str, ColumnElement[bool]]:
    """The conditions of a filter that names ids."""
    return {name: any_of(column, name), f"{name}_only": column == bindparam(f"{name}_only")}


def active_filters(params: Inputs) -> dict[str, Any]:
    """The filters that a request makes use of, with their values."""
    found: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(params).items():
        if isinstance(value, bool):
            found[name if value else f"not {name}"] = value
        elif value is not UNSET and value is not None:
            found[name] = value
    return found
