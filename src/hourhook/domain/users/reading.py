"""Find and list users."""

from functools import cache
from typing import Annotated

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import IS_USER_ENABLED, ROLES, Caller
from hourhook.domain.enums import USER_STATES
from hourhook.domain.inputs import UNSET, Inputs, Text, UnsetType, ValidationErrors, choice
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleUser, summarize_user
from hourhook.domain.teams import reading as teams_reading
from hourhook.domain.users.representations import COLUMNS, User, represent
from hourhook.domain.visibility import scope_of, visible_users
from hourhook.errors import NotFound
from hourhook.store.schema import team_members, users
from hourhook.store.statements import Statement, any_of, contains
from hourhook.store.transaction import Transaction

Role = Annotated[str, choice(*ROLES)]
State = Annotated[str, choice(*USER_STATES)]


class UserFilters(Inputs):
    """Filters of users."""

    name: Annotated[Text, "First and last name together contain this text."] | UnsetType = UNSET
    email: Annotated[Text, "E-mail address contains this text."] | UnsetType = UNSET
    role: Annotated[Role, "Role is exactly this."] | UnsetType = UNSET
    state: Annotated[State, "State is exactly this."] | UnsetType = UNSET


def list_page(
    tx: Transaction,
    caller: Caller,
    params: UserFilters,
    errors: ValidationErrors,
    pagination: Pagination,
    **within: int,
) -> Page[User]:
    """List the users that the caller sees, by id; ``within`` are additional conditions of ``_LISTING``."""
    caller.require_role("coworker")
    errors.raise_if_any()
    filters = {**active_filters(params), **within}
    for name in filters.keys() & {"name", "email"}:
        filters[name] = search_key(filters[name])
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page(represent(tx, caller.account_id, caller.links, rows), total)


def list_choices(tx: Transaction, caller: Caller) -> list[SimpleUser]:
    """Return the users that the caller sees and who can log time, by name."""
    rows = tx.all(_choices(scope_of(caller)), account=caller.account_id, me=caller.user_id)
    return [summarize_user(caller.links, row) for row in rows]


def list_for_team(
    tx: Transaction, caller: Caller, team_id: int, params: UserFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[User]:
    """List the members of a team; raises ``NotFound`` if there is no such team."""
    teams_reading.require(tx, caller, team_id)
    return list_page(tx, caller, params, errors, pagination, within_team=team_id)


def list_members(tx: Transaction, caller: Caller, team_id: int) -> list[User]:
    """Return all members of a team, by id."""
    rows = tx.all(_MEMBERS, account=caller.account_id, within_team=team_id)
    return represent(tx, caller.account_id, caller.links, rows)


def show(tx: Transaction, caller: Caller, id: int) -> User:
    """Return a user; raises ``NotFound`` if the caller does not see them."""
    row = tx.one(_find(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return represent(tx, caller.account_id, caller.links, [row])[0]


def require(tx: Transaction, caller: Caller, id: int) -> None:
    """Raise ``NotFound`` if the caller does not see the user."""
    if tx.one(_exists(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id) is None:
        raise NotFound


def find_ids(tx: Transaction, caller: Caller, ids: list[int]) -> list[int]:
    """Return those of these ids that are users of the account, ascending."""
    return [row.id for row in tx.all(_IDS, account=caller.account_id, ids=ids)]


@cache
def _choices(scope: str) -> Statement:
    fields = ("id", "email", "first_name", "last_name", "profile_image_url")
    return Statement(
        select(*(users.c[name] for name in fields))
        .where(users.c.account_id == bindparam("account"), IS_USER_ENABLED, visible_users(scope))
        .order_by(users.c.name_key, users.c.id)
    )


@cache
def _find(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.where(users.c.id == bindparam("id"), visible_users(scope)))


@cache
def _exists(scope: str) -> Statement:
    return Statement(
        _OF_ACCOUNT.with_only_columns(users.c.id).where(users.c.id == bindparam("id"), visible_users(scope))
    )


_OF_ACCOUNT = select(*COLUMNS).where(users.c.account_id == bindparam("account"))

_IDS = Statement(_OF_ACCOUNT.with_only_columns(users.c.id).where(any_of(users.c.id, "ids")).order_by(users.c.id))

_is_in_team = users.c.id.in_(
    select(team_members.c.user_id).where(
        team_members.c.account_id == bindparam("account"), team_members.c.team_id == bindparam("within_team")
    )
)
_MEMBERS = Statement(_OF_ACCOUNT.where(_is_in_team).order_by(users.c.id))

_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(users).where(users.c.account_id == bindparam("account")),
    id=users.c.id,
    order=(users.c.id,),
    visible=visible_users,
    conditions={
        "within_team": _is_in_team,
        "name": contains(users.c.name_key, "name"),
        "email": contains(users.c.email_key, "email"),
        "role": users.c.role == bindparam("role"),
        "state": users.c.state == bindparam("state"),
    },
)
