"""The choice of unbilled work, for a new invoice and for adding to one: filters in the URL, a box for each project."""

from collections.abc import Mapping, Sequence

from hourhook.domain import inputs
from hourhook.domain.inputs import Query
from hourhook.domain.inputs.lists import MAX_LIST_ITEMS
from hourhook.domain.invoices import unbilled
from hourhook.domain.invoices.unbilled import UnbilledFilters, UnbilledProject
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.users import reading as users_reading
from hourhook.errors import FieldError, ValidationFailed
from hourhook.web.pages import Action, View

_FILTERS = ("from", "to", "project_ids", "user_ids")


def read(view: View) -> dict[str, object]:
    """Return what ``invoices/unbilled.html`` shows."""
    params, errors = view.parse(UnbilledFilters, resource="Invoice")
    filter_state = view.filter_state(errors)
    return {
        "filter": filter_state,
        "filters": [(name, value) for name in _FILTERS for value in view.query.get(name, ()) if value],
        "unbilled_filters": params,
        "unbilled": unbilled.read(view.tx, view.caller, params, errors),
        "projects": projects_reading.list_choices(view.tx, view.caller),
        "people": users_reading.list_choices(view.tx, view.caller),
    }


def chosen_of(found: Sequence[UnbilledProject], lists: Mapping[str, Sequence[str]]) -> list[UnbilledProject]:
    """Return the projects whose boxes are ticked."""
    ticked = {*lists.get("projects", ())}
    return [each for each in found if str(each.key) in ticked]


def find_ids(action: Action) -> dict[str, list[int]]:
    """Return the ids of the entries and expenses that were chosen, as inputs of an invoice."""
    query = Query({name: action.fields.lists.get(name, []) for name in _FILTERS})
    params, errors = inputs.parse(UnbilledFilters, query, resource="Invoice")
    found = unbilled.read(action.tx, action.caller, params, errors)
    chosen = chosen_of(found, action.fields.lists)
    if max(sum(each.entries for each in chosen), sum(each.expenses for each in chosen)) > MAX_LIST_ITEMS:
        raise _refusal(f"An invoice takes at most {MAX_LIST_ITEMS:,} entries at once. Choose a shorter period.")
    entry_ids, expense_ids = unbilled.find_ids(action.tx, action.caller, params, [each.key for each in chosen])
    return {"entry_ids": entry_ids, "expense_ids": expense_ids}


def require_choice(ids: Mapping[str, list[int]]) -> None:
    """Raise ``ValidationFailed`` if nothing was chosen."""
    if not any(ids.values()):
        raise _refusal("Tick at least one project: its time and expenses go on the invoice.")


def _refusal(message: str) -> ValidationFailed:
    return ValidationFailed([FieldError("Invoice", "base", "invalid")], message)
