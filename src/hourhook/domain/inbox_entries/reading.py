"""Find and list inbox entries, which only their user can see (``docs/api/inbox_entries.md#filters``)."""

from typing import Annotated

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.inbox_entries.representations import COLUMNS, JOINED, InboxEntry, represent
from hourhook.domain.inputs import UNSET, Boolean, Day, Inputs, Moment, Text, UnsetType, ValidationErrors
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.visibility import visible_inbox_entries
from hourhook.errors import NotFound
from hourhook.store.schema import inbox_entries
from hourhook.store.statements import Statement, contains
from hourhook.store.transaction import Transaction


class InboxEntryFilters(Inputs, rename={"from_": "from"}):
    """Filters of the list of inbox entries."""

    description: Annotated[Text, "Description contains this text."] | UnsetType = UNSET
    project_name: Annotated[Text, "Project name contains this text."] | UnsetType = UNSET
    from_: Annotated[Day, "On or after this date."] | UnsetType = UNSET
    to: Annotated[Day, "On or before this date."] | UnsetType = UNSET
    logged: Annotated[Boolean, "`true`: only logged ones; `false`: only open ones."] | UnsetType = UNSET
    updated_from: Annotated[Moment, "Updated at or after this time."] | UnsetType = UNSET
    updated_to: Annotated[Moment, "Updated at or before this time."] | UnsetType = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: InboxEntryFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[InboxEntry]:
    """List the caller's inbox, newest date first."""
    errors.raise_if_any()
    filters = active_filters(params)
    for name in filters.keys() & {"description", "project_name"}:
        filters[name] = search_key(filters[name])
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page([represent(caller.links, row) for row in rows], total)


def count_open(tx: Transaction, caller: Caller) -> int:
    """Return how many of the caller's inbox entries have not been logged."""
    return int(tx.value(_COUNT_OPEN, account=caller.account_id, me=caller.user_id))


def show(tx: Transaction, caller: Caller, id: int) -> InboxEntry:
    """Return one of the caller's inbox entries (raises ``NotFound``)."""
    row = tx.one(_FIND, account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return represent(caller.links, row)


_OF_ACCOUNT = select(*COLUMNS).select_from(JOINED).where(inbox_entries.c.account_id == bindparam("account"))
_FIND = Statement(_OF_ACCOUNT.where(inbox_entries.c.id == bindparam("id"), visible_inbox_entries()))

_COUNT_OPEN = Statement(
    select(func.count())
    .select_from(inbox_entries)
    .where(
        inbox_entries.c.account_id == bindparam("account"), visible_inbox_entries(), inbox_entries.c.logged.is_(False)
    )
)

_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count())
    .select_from(inbox_entries)
    .where(inbox_entries.c.account_id == bindparam("account")),
    id=inbox_entries.c.id,
    order=(inbox_entries.c.date.desc(), inbox_entries.c.id.desc()),
    visible=lambda _: visible_inbox_entries(),
    conditions={
        "description": contains(inbox_entries.c.description_key, "description"),
        "project_name": contains(inbox_entries.c.project_name_key, "project_name"),
        "from_": inbox_entries.c.date >= bindparam("from_"),
        "to": inbox_entries.c.date <= bindparam("to"),
        "logged": inbox_entries.c.logged.is_(True),
        "not logged": inbox_entries.c.logged.is_(False),
        "updated_from": inbox_entries.c.updated_at >= bindparam("updated_from"),
        "updated_to": inbox_entries.c.updated_at <= bindparam("updated_to"),
    },
)
