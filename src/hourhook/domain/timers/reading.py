"""Find and list timers; users see only their own, on the projects that they see."""

from functools import cache
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Boolean, IdList, Inputs, Text, UnsetType, ValidationErrors
from hourhook.domain.listings import Listing, active_filters, id_conditions
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.timers.representations import Timer, represent
from hourhook.domain.timers.stopwatches import PENDING, RUNNING
from hourhook.domain.timers.storing import COLUMNS, JOINED, StoredTimer, read
from hourhook.domain.visibility import scope_of, visible_projects, visible_timers
from hourhook.errors import NotFound
from hourhook.store.schema import projects, timers, users
from hourhook.store.statements import Statement, contains
from hourhook.store.transaction import Transaction
from hourhook.time_zones import today


class TimerFilters(Inputs):
    """Filters of timers."""

    aliases: ClassVar = {"project_ids": "projects"}
    description: Annotated[Text, "Description contains this text."] | UnsetType = UNSET
    projects: Annotated[IdList, "For any of these projects."] | UnsetType = UNSET
    billable: (
        Annotated[Boolean, "`true`: only for billable projects; `false`: only for unbillable ones."] | UnsetType
    ) = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: TimerFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[Timer]:
    """List the caller's running timer, then their paused ones, most recently paused first."""
    errors.raise_if_any()
    filters = active_filters(params)
    if "description" in filters:
        filters["description"] = search_key(filters["description"])
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page([represent(read(caller.links, row), tx.started_at) for row in rows], total)


def find_running(tx: Transaction, caller: Caller) -> Timer | None:
    """Return the caller's running timer, or None."""
    row = tx.one(_running(scope_of(caller)), account=caller.account_id, me=caller.user_id)
    return None if row is None else represent(read(caller.links, row), tx.started_at)


def show(tx: Transaction, caller: Caller, project_id: int) -> Timer:
    """Return the caller's timer of a project; raises ``NotFound``."""
    return represent(find(tx, caller, project_id), tx.started_at)


def find(tx: Transaction, caller: Caller, project_id: int) -> StoredTimer:
    """Find the caller's timer of a project; raises ``NotFound`` if there is none or the project is not visible."""
    timer = find_or_new(tx, caller, project_id)
    if timer.id is None:
        raise NotFound
    return timer


def find_or_new(tx: Transaction, caller: Caller, project_id: int) -> StoredTimer:
    """Return the caller's timer of a project, or a new one that is not stored yet.

    Raises ``NotFound`` if the caller does not see the project.
    """
    row = tx.one(_by_project(scope_of(caller)), account=caller.account_id, me=caller.user_id, project=project_id)
    if row is None:
        raise NotFound
    return read(caller.links, row, today(tx.started_at, caller.time_zone))


@cache
def _by_project(scope: str) -> Statement:
    return Statement(
        select(*COLUMNS)
        .select_from(
            projects.join(
                users, (users.c.account_id == projects.c.account_id) & (users.c.id == bindparam("me"))
            ).outerjoin(
                timers,
                (timers.c.account_id == projects.c.account_id)
                & (timers.c.user_id == users.c.id)
                & (timers.c.project_id == projects.c.id),
            )
        )
        .where(
            projects.c.account_id == bindparam("account"),
            projects.c.id == bindparam("project"),
            visible_projects(scope),
        )
    )


@cache
def _running(scope: str) -> Statement:
    return Statement(
        select(*COLUMNS)
        .select_from(JOINED)
        .where(timers.c.account_id == bindparam("account"), timers.c.state == RUNNING, visible_timers(scope))
        .limit(1)
    )


_IS_LISTED = (timers.c.account_id == bindparam("account"), timers.c.state != PENDING)

_LISTING = Listing(
    rows=select(*COLUMNS).select_from(JOINED).where(*_IS_LISTED),
    count_query=select(func.count()).select_from(JOINED).where(*_IS_LISTED),
    id=timers.c.id,
    order=((timers.c.state == RUNNING).desc(), timers.c.paused_at.desc(), timers.c.id.desc()),
    visible=visible_timers,
    conditions={
        "description": contains(timers.c.description_key, "description"),
        **id_conditions(timers.c.project_id, "projects"),
        "billable": projects.c.billable.is_(True),
        "not billable": projects.c.billable.is_(False),
    },
)
