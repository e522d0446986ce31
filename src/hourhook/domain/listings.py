"""Collections, page by page, with one statement for each set of filters in use (contract, 00-conventions §4, §6).

A filter is named as its input, with ``not`` before it for a boolean that is false. Its condition takes the filter's
value as the parameter of that name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs
from hourhook.domain.pages import Paging
from hourhook.domain.visibility import scope_of
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Conditions = Mapping[str, ColumnElement[bool]]
# Sets of filters whose statements are kept; far more than clients use, and far fewer than there can be.
STATEMENTS = 256


@dataclass(frozen=True, eq=False)
class Listing:
    """A collection: its rows, the count of them, their order, who sees which, and its filters.

    Every statement takes the parameters ``account`` and ``me``.
    """

    rows: Select[Any]
    counted: Select[Any]
    order: tuple[ColumnElement[Any], ...]
    visible: Callable[[str], ColumnElement[bool]]
    conditions: Conditions
    _statements: Callable[[str, frozenset[str]], tuple[Statement, Statement]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_statements", lru_cache(STATEMENTS)(self._build))

    def read(
        self, tx: Transaction, caller: Caller, paging: Paging, filters: Mapping[str, object], **more: object
    ) -> tuple[list[Row], int]:
        """The rows of one page that the caller sees, and how many there are on all pages.

        ``more`` are further parameters that the conditions of the filters take.
        """
        rows, count = self._statements(scope_of(caller), frozenset(filters))
        parameters = {"account": caller.account_id, "me": caller.user_id, **filters, **more}
        found = tx.all(rows, **parameters, limit=paging.limit, offset=paging.offset)
        if 0 < len(found) < paging.limit or (not found and paging.page == 1):
            # The last page: what came before it is known.
            return found, paging.offset + len(found)
        return found, int(tx.value(count, **parameters))

    def _build(self, scope: str, names: frozenset[str]) -> tuple[Statement, Statement]:
        conditions = [self.visible(scope), *(self.conditions[name] for name in sorted(names))]
        limit: Any = bindparam("limit", type_=Integer)
        offset: Any = bindparam("offset", type_=BigInteger)
        return (
            Statement(self.rows.where(*conditions).order_by(*self.order).limit(limit).offset(offset)),
            Statement(self.counted.where(*conditions)),
        )


def chosen(given: Inputs) -> dict[str, Any]:
    """The filters that a request makes use of, with their values."""
    found: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(given).items():
        if isinstance(value, bool):
            found[name if value else f"not {name}"] = value
        elif value is not UNSET and value is not None:
            found[name] = value
    return found
