"""The conditions for changing an expense (``docs/api/expenses.md#rules``)."""

from hourhook.domain.callers import Caller
from hourhook.domain.expenses.representations import Expense
from hourhook.errors import ValidationFailed


def require_permission(caller: Caller, expense: Expense) -> None:
    """Raise ``Forbidden`` unless the expense is the caller's own or the caller is a leader."""
    if expense.user.id != caller.user_id:
        caller.require_role("leader")


def refuse_uneditable(expense: Expense) -> None:
    """Raise ``ValidationFailed`` for an expense that is invoiced or in an archived project, in this order."""
    if expense.invoice is not None:
        raise ValidationFailed.on_base("Expense", "invoiced", "The Expense cannot be changed because it is invoiced.")
    if not expense.project.enabled:
        raise ValidationFailed.on_base("Expense", "archived_project", "The Expense belongs to an archived project.")
