"""``/integrations/webhooks``: all webhooks, those that need somebody first."""

from hourhook.delivery.history.overviews import read_overview
from hourhook.web.pages import Pages, Values, View

PATH = "/integrations/webhooks"
pages = Pages()


@pages.get(PATH, template="webhooks/list", role="leader")
def index(view: View) -> Values:
    pagination = view.pagination
    overview = read_overview(view.tx, view.caller.account_id, offset=pagination.offset, limit=pagination.limit)
    return {"overview": overview, "pagination": pagination}
