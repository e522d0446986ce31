"""Store projects, find them by name, and check the account's limit."""

from sqlalchemy import bindparam, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.projects.colors import next_color
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject
from hourhook.store.schema import projects
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def insert(
    tx: Transaction,
    caller: Caller,
    *,
    name: str,
    billable: bool = True,
    billing_increment: int | None = None,
    color: str | None = None,
    budgeted_minutes: int | None = None,
) -> SimpleProject:
    """Insert a project; increment and color default to those of the account."""
    increment = billing_increment or caller.default_billing_increment
    color = color or next_color(tx.value(_COUNT, account=caller.account_id))
    id = tx.insert(
        projects,
        account_id=caller.account_id,
        name=name,
        name_key=search_key(name),
        billable=billable,
        billing_increment=increment,
        color=color,
        enabled=True,
        budgeted_minutes=budgeted_minutes,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    return SimpleProject(id, name, increment, True, billable, color, caller.links.project(id))


def is_project_limit_reached(tx: Transaction, caller: Caller) -> bool:
    """Return whether the account has reached its limit of projects; archived ones do not count."""
    if caller.max_projects is None:
        return False
    return bool(tx.value(_COUNT_ENABLED, account=caller.account_id) >= caller.max_projects)


def find_by_name(tx: Transaction, caller: Caller, name: str) -> int | None:
    """Return the id of the project with this name, ignoring case."""
    found: int | None = tx.value(_BY_NAME, account=caller.account_id, key=search_key(name))
    return found


_COUNT = Statement(select(func.count()).select_from(projects).where(projects.c.account_id == bindparam("account")))

_COUNT_ENABLED = Statement(
    select(func.count())
    .select_from(projects)
    .where(projects.c.account_id == bindparam("account"), projects.c.enabled.is_(True))
)

_BY_NAME = Statement(
    select(projects.c.id).where(projects.c.account_id == bindparam("account"), projects.c.name_key == bindparam("key"))
)
