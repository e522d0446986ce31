"""``/people``: who is in the account, and a person's page."""

from datetime import date, timedelta

from hourhook.domain.entries import totals
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.users import access, reading
from hourhook.domain.users.reading import UserFilters
from hourhook.domain.visibility import SCOPED_ROLES
from hourhook.web.pages import Pages, Values, View

LIST = "/people"
PATH = LIST + "/{user_id}"
# From the least to the most.
ROLES = (
    ("contractor", "Contractor"),
    ("coworker", "Coworker"),
    ("leader", "Leader"),
    ("supervisor", "Supervisor"),
)
STATES = (("active", "Active"), ("pending", "Invited"), ("disabled", "Deactivated"), ("suspended", "Suspended"))
WORDS = {"role_words": dict(ROLES), "state_words": dict(STATES)}
pages = Pages()


def path_of(id: int) -> str:
    return f"{LIST}/{id}"


@pages.get(LIST, template="people/list", role="coworker")
def index(view: View) -> Values:
    params, errors = view.parse(UserFilters, resource="User")
    filter_state = view.filter_state(errors)
    found = reading.list_page(view.tx, view.caller, params, errors, view.pagination)
    return {
        **WORDS,
        "filter": filter_state,
        "roles": ROLES,
        "states": STATES,
        "people": found.items,
        "total": found.total,
        "pagination": view.pagination,
    }


@pages.get(PATH, template="people/show", role="coworker")
def show(view: View, user_id: int) -> Values:
    person = reading.show(view.tx, view.caller, user_id)
    has_some = person.role in SCOPED_ROLES
    sees_projects = has_some and view.caller.has_role("leader")
    first = first_day_of_week(view.display.today, view.display.week_start)
    this_week = EntryFilters(user_ids=[user_id], from_=first.isoformat(), to=(first + timedelta(days=6)).isoformat())
    return {
        **WORDS,
        "person": person,
        "week": totals.read(view.tx, view.caller, this_week, ValidationErrors("User")),
        "has_some_projects": has_some,
        "projects": access.list_projects(view.tx, view.caller, user_id) if sees_projects else None,
        "link": view.secret,
    }


def first_day_of_week(day: date, week_start: str) -> date:
    """Return the first day of the week of a day, by the user's preference."""
    return day - timedelta(days=(day.weekday() + (week_start == "Sunday")) % 7)
