"""Find and list project groups."""

from functools import cache
from typing import Annotated

from sqlalchemy import ColumnElement, bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, IdList, Inputs, Text, UnsetType, ValidationErrors
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.project_groups.representations import COLUMNS, ProjectGroup, represent
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProjectGroup
from hourhook.domain.visibility import scope_of, visible_project_group_members, visible_project_groups
from hourhook.errors import NotFound
from hourhook.store.schema import project_group_members, project_groups
from hourhook.store.statements import Row, Statement, any_of, contains
from hourhook.store.transaction import Transaction


class ProjectGroupFilters(Inputs):
    """Filters of project groups."""

    name: Annotated[Text, "Name contains this text."] | UnsetType = UNSET
    project_ids: Annotated[IdList, "Contains at least one of these projects."] | UnsetType = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: ProjectGroupFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[ProjectGroup]:
    """List the project groups that the caller sees, by name."""
    caller.require_role("coworker")
    errors.raise_if_any()
    filters = active_filters(params)
    if "name" in filters:
        filters["name"] = search_key(filters["name"])
    if "project_ids" in filters and caller.is_scoped:
        # Must not reveal the group of a project that the caller cannot see.
        filters["seen_project_ids"] = filters.pop("project_ids")
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page(represent(tx, caller, rows), total)


def list_choices(tx: Transaction, caller: Caller) -> list[SimpleProjectGroup]:
    """Return all project groups of the account, by name; the caller must be a leader."""
    caller.require_role("leader")
    rows = tx.all(_CHOICES, account=caller.account_id)
    return [SimpleProjectGroup(row.id, row.name, caller.links.project_group(row.id)) for row in rows]


def show(tx: Transaction, caller: Caller, id: int) -> ProjectGroup:
    """Return a project group; raises ``NotFound`` if the caller does not see it, then ``Forbidden``."""
    return represent(tx, caller, [_look_up(tx, caller, id)])[0]


def require(tx: Transaction, caller: Caller, id: int) -> None:
    """Raise ``NotFound`` if the caller does not see the group, then ``Forbidden`` if they may not see groups."""
    _look_up(tx, caller, id)


def exists(tx: Transaction, caller: Caller, id: int) -> bool:
    """Return whether the account has a project group with this id."""
    return tx.one(_find("account"), account=caller.account_id, id=id) is not None


def find_by_name(tx: Transaction, caller: Caller, name: str) -> int | None:
    """Return the id of the project group with this name, ignoring case."""
    found: int | None = tx.value(_BY_NAME, account=caller.account_id, key=search_key(name))
    return found


def _look_up(tx: Transaction, caller: Caller, id: int) -> Row:
    row = tx.one(_find(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    caller.require_role("coworker")
    return row


@cache
def _find(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.where(project_groups.c.id == bindparam("id"), visible_project_groups(scope)))


def _contains_project(name: str, scope: str) -> ColumnElement[bool]:
    return project_groups.c.id.in_(
        select(project_group_members.c.project_group_id).where(
            project_group_members.c.account_id == bindparam("account"),
            any_of(project_group_members.c.project_id, name),
            visible_project_group_members(scope),
        )
    )


_OF_ACCOUNT = select(*COLUMNS).where(project_groups.c.account_id == bindparam("account"))
_BY_NAME = Statement(
    select(project_groups.c.id).where(
        project_groups.c.account_id == bindparam("account"), project_groups.c.name_key == bindparam("key")
    )
)
_CHOICES = Statement(
    select(project_groups.c.id, project_groups.c.name)
    .where(project_groups.c.account_id == bindparam("account"))
    .order_by(project_groups.c.name_key)
)
_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count())
    .select_from(project_groups)
    .where(project_groups.c.account_id == bindparam("account")),
    id=project_groups.c.id,
    order=(project_groups.c.name_key,),
    visible=visible_project_groups,
    conditions={
        "name": contains(project_groups.c.name_key, "name"),
        "project_ids": _contains_project("project_ids", "account"),
        "seen_project_ids": _contains_project("seen_project_ids", "coworker"),
    },
)
