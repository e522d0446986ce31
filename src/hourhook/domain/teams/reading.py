"""Find and list teams; a caller with the role sees all of them."""

from typing import Annotated

from sqlalchemy import bindparam, func, select, true

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, IdList, Inputs, Text, UnsetType, ValidationErrors
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.teams.representations import COLUMNS, Team, represent
from hourhook.errors import NotFound
from hourhook.store.schema import team_members, teams
from hourhook.store.statements import Row, Statement, any_of, contains
from hourhook.store.transaction import Transaction


class TeamFilters(Inputs):
    """Filters of teams."""

    name: Annotated[Text, "Name contains this text."] | UnsetType = UNSET
    user_ids: Annotated[IdList, "Has at least one of these users as a member."] | UnsetType = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: TeamFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[Team]:
    """List the teams of the account, by name."""
    caller.require_role("coworker")
    errors.raise_if_any()
    filters = active_filters(params)
    if "name" in filters:
        filters["name"] = search_key(filters["name"])
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page(represent(tx, caller.account_id, caller.links, rows), total)


def show(tx: Transaction, caller: Caller, id: int) -> Team:
    """Return a team; raises ``NotFound`` if there is none, then ``Forbidden``."""
    return represent(tx, caller.account_id, caller.links, [_look_up(tx, caller, id)])[0]


def require(tx: Transaction, caller: Caller, id: int) -> None:
    """Raise ``NotFound`` if there is no such team, then ``Forbidden`` if the caller may not see teams."""
    _look_up(tx, caller, id)


def find_by_name(tx: Transaction, caller: Caller, name: str) -> int | None:
    """Return the id of the team with this name, ignoring case."""
    found: int | None = tx.value(_BY_NAME, account=caller.account_id, key=search_key(name))
    return found


def _look_up(tx: Transaction, caller: Caller, id: int) -> Row:
    row = tx.one(_FIND, account=caller.account_id, id=id)
    if row is None:
        raise NotFound
    caller.require_role("coworker")
    return row


_OF_ACCOUNT = select(*COLUMNS).where(teams.c.account_id == bindparam("account"))
_FIND = Statement(_OF_ACCOUNT.where(teams.c.id == bindparam("id")))
_BY_NAME = Statement(
    select(teams.c.id).where(teams.c.account_id == bindparam("account"), teams.c.name_key == bindparam("key"))
)
_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(teams).where(teams.c.account_id == bindparam("account")),
    id=teams.c.id,
    order=(teams.c.name_key,),
    visible=lambda _: true(),
    conditions={
        "name": contains(teams.c.name_key, "name"),
        "user_ids": teams.c.id.in_(
            select(team_members.c.team_id).where(
                team_members.c.account_id == bindparam("account"), any_of(team_members.c.user_id, "user_ids")
            )
        ),
    },
)
