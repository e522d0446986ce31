"""What stands against changing an expense (contract, expenses.md)."""

from hourhook.domain.callers import Caller
from hourhook.domain.expenses.representations import Expense
from hourhook.errors import ValidationFailed


def require_permission(caller: Caller, expense: Expense) -> None:
    """Refuse to let anybody below leader change what others spent (raises ``Forbidden``)."""
    if expense.user.id != caller.user_id:
        caller.require_role("leader")


def refuse_uneditable(expense: Expense) -> None:
    """Refuse an expense that is invoiced, or in an archived project; the first of them counts."""
    if expense.invoice is not None:
        raise ValidationFailed.on_base("Expense", "invoiced", "The Expense cannot be changed because it is invoiced.")
    if not expense.project.enabled:
        raise ValidationFailed.on_base("Expense", "archived_project", "The Expense belongs to an archived project.")
