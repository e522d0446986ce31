"""``/invoices``: list with filters, and the sums of each state."""

from hourhook.domain.invoices import overviews
from hourhook.domain.invoices.reading import InvoiceFilters
from hourhook.domain.projects import reading as projects_reading
from hourhook.web.invoices.fields import STATE_CHOICES, STATES
from hourhook.web.pages import Pages, Values, View

PATH = "/invoices"
pages = Pages()


@pages.get(PATH, template="invoices/list", role="leader", feature="invoicing")
def index(view: View) -> Values:
    params, errors = view.parse(InvoiceFilters, resource="Invoice")
    filter_state = view.filter_state(errors)
    found = overviews.list_page(view.tx, view.caller, params, errors, view.pagination)
    return {
        "filter": filter_state,
        "invoices": found.items,
        "total": found.total,
        "sums": overviews.sum_by_state(view.tx, view.caller, params, errors),
        "states": STATES,
        "state_choices": STATE_CHOICES,
        "pagination": view.pagination,
        "projects": projects_reading.list_choices(view.tx, view.caller),
    }
