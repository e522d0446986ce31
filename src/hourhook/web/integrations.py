"""``/integrations``: the entrance to webhooks, broadcasts, tokens and connected apps."""

from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.webhooks import reading
from hourhook.domain.webhooks.reading import WebhookFilters
from hourhook.web.pages import Pages, Redirect, Values, View

pages = Pages()


@pages.get("/integrations/webhooks", template="webhooks/list", role="leader")
def webhooks(view: View) -> Values:
    """List the webhooks of the account."""
    found = reading.list_page(view.tx, view.caller, WebhookFilters(), ValidationErrors("Webhook"), view.pagination)
    return {"webhooks": found.items, "total": found.total, "pagination": view.pagination}


@pages.get("/integrations")
def integrations(view: View) -> Redirect:
    return Redirect("/integrations/webhooks" if view.caller.has_role("leader") else "/integrations/broadcasts")
