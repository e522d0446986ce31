"""``/integrations/apps``: the applications that the user has let in."""

from hourhook.domain.oauth import connected
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/integrations/apps"
pages = Pages()


@pages.get(PATH, template="apps/list")
def index(view: View) -> Values:
    found = connected.list_page(view.tx, view.caller, view.pagination)
    return {"apps": found.items, "total": found.total, "pagination": view.pagination}


@pages.post(PATH + "/{authorization_id}/revoke", refused_on=PATH)
def revoke(action: Action, authorization_id: int) -> Redirect:
    connected.revoke(action.tx, action.caller, authorization_id)
    return Redirect(PATH, "The application no longer has access.")
