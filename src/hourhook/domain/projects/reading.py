"""Find and list projects."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, ClassVar

from sqlalchemy import ColumnElement, bindparam, func, select

from hourhook.domain import batching
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Boolean, IdList, Inputs, Text, UnsetType, ValidationErrors, integer_choice
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.project_groups import reading as project_groups_reading
from hourhook.domain.projects.representations import COLUMNS, JOINED, Project, represent
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject, summarize_project
from hourhook.domain.visibility import scope_of, visible_projects
from hourhook.errors import NotFound
from hourhook.store.schema import project_group_members, projects
from hourhook.store.statements import Row, Statement, any_of, contains
from hourhook.store.transaction import Transaction

INCREMENTS = (1, 5, 6, 10, 15, 20, 30, 60)
BillingIncrement = Annotated[int, integer_choice(*INCREMENTS)]


class ProjectFilters(Inputs):
    """Filters of projects."""

    name: Annotated[Text, "Name contains this text."] | UnsetType = UNSET
    project_group_ids: Annotated[IdList, "In any of these groups."] | UnsetType = UNSET
    billing_increment: Annotated[BillingIncrement, "Billing increment is exactly this."] | UnsetType = UNSET
    enabled: Annotated[Boolean, "`true`: only active projects; `false`: only archived ones."] | UnsetType = UNSET
    billable: Boolean | UnsetType = UNSET


class ProjectIds(Inputs):
    """The projects of a bulk action."""

    required: ClassVar = ("project_ids",)
    project_ids: Annotated[IdList, "Ineligible ones are skipped."] | UnsetType = UNSET


def list_page(
    tx: Transaction,
    caller: Caller,
    params: ProjectFilters,
    errors: ValidationErrors,
    pagination: Pagination,
    *,
    include_invoices: bool = True,
    **within: int,
) -> Page[Project]:
    """List the projects that the caller sees, by name; ``within`` are additional conditions of ``_LISTING``.

    Their invoices are left out unless ``include_invoices``.
    """
    errors.raise_if_any()
    filters = {**active_filters(params), **within}
    if "name" in filters:
        filters["name"] = search_key(filters["name"])
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page(_represent(tx, caller, rows, include_invoices=include_invoices), total)


def list_for_group(
    tx: Transaction,
    caller: Caller,
    group_id: int,
    params: ProjectFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Project]:
    """List the projects of a group; raises ``NotFound`` if the caller does not see the group."""
    project_groups_reading.require(tx, caller, group_id)
    return list_page(tx, caller, params, errors, pagination, within_group=group_id)


def list_choices(tx: Transaction, caller: Caller) -> list[SimpleProject]:
    """Return the active projects that the caller sees, by name."""
    rows = tx.all(_choices(scope_of(caller)), account=caller.account_id, me=caller.user_id)
    return [summarize_project(caller.links, row) for row in rows]


def list_members(tx: Transaction, caller: Caller, group_id: int) -> list[Project]:
    """Return all projects of a group, by name; the caller must see all projects."""
    return _represent(tx, caller, tx.all(_MEMBERS, account=caller.account_id, within_group=group_id))


def show(tx: Transaction, caller: Caller, id: int) -> Project:
    """Return a project; raises ``NotFound`` if the caller does not see it."""
    row = tx.one(_find(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return _represent(tx, caller, [row])[0]


def require(tx: Transaction, caller: Caller, id: int) -> None:
    """Raise ``NotFound`` if the caller does not see the project."""
    if tx.one(_exists(scope_of(caller)), account=caller.account_id, me=caller.user_id, id=id) is None:
        raise NotFound


def find_many(tx: Transaction, caller: Caller, ids: list[int]) -> list[Project]:
    """Return the projects of the account with these ids, ascending."""
    return _represent(tx, caller, tx.all(_BY_IDS, account=caller.account_id, ids=ids))


def find_in_batches(tx: Transaction, caller: Caller, ids: list[int]) -> Iterator[list[Project]]:
    """Iterate over the projects with these ids in batches of bounded size."""
    for batch in batching.batch_ids(ids):
        yield find_many(tx, caller, batch)


def _represent(tx: Transaction, caller: Caller, rows: list[Row], *, include_invoices: bool = True) -> list[Project]:
    return represent(
        tx,
        caller.account_id,
        caller.links,
        rows,
        include_budgets=not caller.is_scoped,
        include_invoices=include_invoices,
    )


@cache
def _find(scope: str) -> Statement:
    return Statement(_OF_ACCOUNT.where(projects.c.id == bindparam("id"), visible_projects(scope)))


@cache
def _choices(scope: str) -> Statement:
    fields = ("id", "name", "billing_increment", "enabled", "billable", "color")
    return Statement(
        select(*(projects.c[name] for name in fields))
        .where(projects.c.account_id == bindparam("account"), projects.c.enabled.is_(True), visible_projects(scope))
        .order_by(projects.c.name_key, projects.c.id)
    )


@cache
def _exists(scope: str) -> Statement:
    is_visible = (projects.c.id == bindparam("id"), visible_projects(scope))
    return Statement(select(projects.c.id).where(projects.c.account_id == bindparam("account"), *is_visible))


def _is_member(of_groups: ColumnElement[bool]) -> ColumnElement[bool]:
    return projects.c.id.in_(
        select(project_group_members.c.project_id).where(
            project_group_members.c.account_id == bindparam("account"), of_groups
        )
    )


_OF_ACCOUNT = select(*COLUMNS).select_from(JOINED).where(projects.c.account_id == bindparam("account"))
_BY_IDS = Statement(_OF_ACCOUNT.where(any_of(projects.c.id, "ids")).order_by(projects.c.id))
_is_in_group = _is_member(project_group_members.c.project_group_id == bindparam("within_group"))
_MEMBERS = Statement(_OF_ACCOUNT.where(_is_in_group).order_by(projects.c.name_key))
_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(projects).where(projects.c.account_id == bindparam("account")),
    id=projects.c.id,
    order=(projects.c.name_key,),
    visible=visible_projects,
    conditions={
        "within_group": _is_in_group,
        "name": contains(projects.c.name_key, "name"),
        "project_group_ids": _is_member(any_of(project_group_members.c.project_group_id, "project_group_ids")),
        "billing_increment": projects.c.billing_increment == bindparam("billing_increment"),
        "enabled": projects.c.enabled.is_(True),
        "not enabled": projects.c.enabled.is_(False),
        "billable": projects.c.billable.is_(True),
        "not billable": projects.c.billable.is_(False),
    },
)
