"""Find and list tags."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

from sqlalchemy import bindparam, func, select

from hourhook.domain import batching
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Boolean, Inputs, Text, UnsetType, ValidationErrors
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.tags.representations import COLUMNS, Tag, represent
from hourhook.domain.visibility import scope_of, visible_tags
from hourhook.errors import NotFound
from hourhook.store.schema import tags
from hourhook.store.statements import Statement, any_of, contains
from hourhook.store.transaction import Transaction


class TagFilters(Inputs):
    """Filters of tags."""

    name: Annotated[Text, "Name contains this text."] | UnsetType = UNSET
    billable: Annotated[Boolean, "`true`: only billable tags; `false`: only unbillable ones."] | UnsetType = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: TagFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[Tag]:
    errors.raise_if_any()
    filters = active_filters(params)
    if "name" in filters:
        filters["name"] = search_key(filters["name"])
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page([represent(caller.links, row) for row in rows], total)


def show(tx: Transaction, caller: Caller, id: int) -> Tag:
    """Return a tag; raises ``NotFound`` if the caller does not see it."""
    row = tx.one(_find(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return represent(caller.links, row)


def find(tx: Transaction, caller: Caller, id: int) -> Tag | None:
    """Return the tag of the account with this id, whether or not the caller sees it."""
    rows = tx.all(_BY_IDS, account=caller.account_id, ids=[id])
    return represent(caller.links, rows[0]) if rows else None


def list_choices(tx: Transaction, caller: Caller, limit: int) -> list[Tag]:
    """Return the first tags of the account by name."""
    return [represent(caller.links, row) for row in tx.all(_CHOICES, account=caller.account_id, limit=limit)]


def find_in_batches(tx: Transaction, caller: Caller, ids: list[int]) -> Iterator[list[Tag]]:
    """Iterate over the tags of the account with these ids, ascending, in batches of bounded size."""
    for batch in batching.batch_ids(ids):
        yield [represent(caller.links, row) for row in tx.all(_BY_IDS, account=caller.account_id, ids=batch)]


def require(tx: Transaction, caller: Caller, id: int) -> None:
    """Raise ``NotFound`` if the caller does not see the tag."""
    if tx.one(_exists(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id) is None:
        raise NotFound


@cache
def _find(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.where(tags.c.id == bindparam("id"), visible_tags(scope)))


@cache
def _exists(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.with_only_columns(tags.c.id).where(tags.c.id == bindparam("id"), visible_tags(scope)))


_OF_ACCOUNT = select(*COLUMNS).where(tags.c.account_id == bindparam("account"))
_BY_IDS = Statement(_OF_ACCOUNT.where(any_of(tags.c.id, "ids")).order_by(tags.c.id))
_LIMIT: Any = bindparam("limit")
_CHOICES = Statement(_OF_ACCOUNT.order_by(tags.c.name_key).limit(_LIMIT), replan=True)
_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(tags).where(tags.c.account_id == bindparam("account")),
    id=tags.c.id,
    order=(tags.c.name_key,),
    visible=visible_tags,
    conditions={
        "name": contains(tags.c.name_key, "name"),
        "billable": tags.c.billable.is_(True),
        "not billable": tags.c.billable.is_(False),
    },
)
