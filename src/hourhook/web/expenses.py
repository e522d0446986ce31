"""``/expenses``: list with filters, create, edit and delete."""

from collections.abc import Sequence

from hourhook.domain.callers import Caller
from hourhook.domain.expenses import editing, reading, rules
from hourhook.domain.expenses.editing import ExpenseCreate, ExpenseUpdate
from hourhook.domain.expenses.reading import ExpenseFilters
from hourhook.domain.expenses.representations import Expense
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.domain.users import reading as users_reading
from hourhook.errors import Forbidden, ValidationFailed
from hourhook.web.forms import read_amount
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/expenses"
pages = Pages()


@pages.get(PATH, template="expenses/list")
def index(view: View) -> Values:
    params, errors = view.parse(ExpenseFilters, resource="Expense")
    filter_state = view.filter_state(errors)
    found = reading.list_page(view.tx, view.caller, params, errors, view.pagination)
    return {
        "filter": filter_state,
        "expenses": found.items,
        "locks": {expense.id: _lock_of(view.caller, expense) for expense in found.items},
        "total": found.total,
        "pagination": view.pagination,
        "projects": _project_choices(view),
        "people": _people_choices(view),
    }


@pages.get("/expenses/new", template="expenses/new")
def new(view: View) -> Values:
    return {"projects": _project_choices(view), "people": _people_choices(view)}


@pages.post("/expenses/new")
def create(action: Action) -> Redirect:
    params, errors = action.parse(ExpenseCreate, resource="Expense", **_read_fields(action))
    editing.create(action.tx, action.caller, params, errors)
    return Redirect(PATH, "Saved.")


@pages.get("/expenses/{expense_id}/edit", template="expenses/edit")
def edit(view: View, expense_id: int) -> Values | Redirect:
    expense = reading.show(view.tx, view.caller, expense_id)
    lock = _lock_of(view.caller, expense)
    if lock is not None:
        return Redirect(PATH, lock)
    return {"expense": expense, "projects": _project_choices(view), "people": _people_choices(view)}


@pages.post("/expenses/{expense_id}/edit")
def save(action: Action, expense_id: int) -> Redirect:
    params, errors = action.parse(ExpenseUpdate, resource="Expense", **_read_fields(action))
    editing.edit(action.tx, action.caller, expense_id, params, errors)
    return Redirect(PATH, "Saved.")


@pages.get("/expenses/{expense_id}/delete", template="expenses/delete")
def confirm_delete(view: View, expense_id: int) -> Values:
    return {"expense": reading.show(view.tx, view.caller, expense_id)}


@pages.post("/expenses/{expense_id}/delete")
def delete(action: Action, expense_id: int) -> Redirect:
    editing.remove(action.tx, action.caller, expense_id)
    return Redirect(PATH, "Deleted 1 expense.")


def _read_fields(action: Action) -> dict[str, object]:
    """Return what the fields mean: a box that is not ticked is not sent, and prices may have a decimal comma."""
    return {"price": read_amount(action.fields.get("price", "")), "taxable": "taxable" in action.fields}


def _lock_of(caller: Caller, expense: Expense) -> str | None:
    """Return why the caller cannot change an expense; None if they can."""
    try:
        rules.require_permission(caller, expense)
        rules.refuse_uneditable(expense)
    except Forbidden:
        return "Only its person and leaders can change this expense."
    except ValidationFailed as refusal:
        return refusal.message
    return None


def _project_choices(view: View) -> Sequence[SimpleProject]:
    return projects_reading.list_choices(view.tx, view.caller)


def _people_choices(view: View) -> Sequence[SimpleUser]:
    return users_reading.list_choices(view.tx, view.caller) if view.caller.has_role("coworker") else ()
