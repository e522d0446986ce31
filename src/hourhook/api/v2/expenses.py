"""``/v2/expenses``, and the expenses of one user or project (``docs/api/expenses.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.expenses import editing, reading
from hourhook.domain.expenses.editing import ExpenseCreate, ExpenseUpdate
from hourhook.domain.expenses.reading import ExpenseFilters
from hourhook.domain.expenses.representations import Expense
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page

endpoints = Endpoints(
    "Expenses",
    resource="Expense",
    description="Costs of projects, which can be invoiced.",
)


@endpoints.get("/v2/expenses")
def index(call: Call, params: ExpenseFilters, errors: ValidationErrors) -> Page[Expense]:
    """List expenses, newest date first.

    Coworkers see the expenses of their assigned projects; contractors see their own expenses in those.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/current_user/expenses")
def index_of_caller(call: Call, params: ExpenseFilters, errors: ValidationErrors) -> Page[Expense]:
    """List the caller's own expenses."""
    return reading.list_for_user(call.tx, call.caller, call.caller.user_id, params, errors, call.pagination)


@endpoints.get("/v2/users/{user_id}/expenses")
def index_of_user(call: Call, user_id: int, params: ExpenseFilters, errors: ValidationErrors) -> Page[Expense]:
    """List a user's expenses."""
    return reading.list_for_user(call.tx, call.caller, user_id, params, errors, call.pagination)


@endpoints.get("/v2/projects/{project_id}/expenses")
def index_of_project(call: Call, project_id: int, params: ExpenseFilters, errors: ValidationErrors) -> Page[Expense]:
    """List the expenses of a project."""
    return reading.list_for_project(call.tx, call.caller, project_id, params, errors, call.pagination)


@endpoints.get("/v2/expenses/{expense_id}")
def show(call: Call, expense_id: int) -> Expense:
    """Show an expense."""
    return reading.show(call.tx, call.caller, expense_id)


@endpoints.post("/v2/expenses")
def create(call: Call, params: ExpenseCreate, errors: ValidationErrors) -> Created[Expense]:
    """Create an expense.

    Leaders can create expenses for other users. Raises `expense.created`.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/expenses/{expense_id}")
def edit(call: Call, expense_id: int, params: ExpenseUpdate, errors: ValidationErrors) -> Expense:
    """Edit an expense.

    Raises `expense.updated`.
    """
    return editing.edit(call.tx, call.caller, expense_id, params, errors)


@endpoints.delete("/v2/expenses/{expense_id}")
def remove(call: Call, expense_id: int) -> None:
    """Delete an expense.

    Raises `expense.deleted`.
    """
    editing.remove(call.tx, call.caller, expense_id)
