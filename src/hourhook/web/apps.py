"""``/integrations/apps``: the applications that the user has let in; supervisors register those of the account."""

from hourhook.domain.oauth import connected, own_applications
from hourhook.domain.oauth.own_applications import ApplicationCreate
from hourhook.domain.pages import MAX_PAGE_SIZE, Pagination
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/integrations/apps"
ONE = PATH + "/{application_id}"
pages = Pages()


@pages.get(PATH, template="apps/list")
def index(view: View) -> Values:
    found = connected.list_page(view.tx, view.caller, view.pagination)
    is_supervisor = view.caller.has_role("supervisor")
    own = own_applications.list_page(view.tx, view.caller, Pagination(1, MAX_PAGE_SIZE)) if is_supervisor else None
    return {
        "apps": found.items,
        "total": found.total,
        "pagination": view.pagination,
        "own": () if own is None else own.items,
        "can_register": is_supervisor,
    }


@pages.post(PATH + "/{authorization_id}/revoke", refused_on=PATH)
def revoke(action: Action, authorization_id: int) -> Redirect:
    connected.revoke(action.tx, action.caller, authorization_id)
    return Redirect(PATH, "The application no longer has access.")


@pages.get(PATH + "/new", template="apps/new", role="supervisor")
def new(view: View) -> Values:
    return {}


@pages.post(PATH + "/new", role="supervisor")
def register(action: Action) -> Redirect:
    is_public = "is_public" in action.fields
    params, errors = action.parse(ApplicationCreate, resource="Application", is_public=is_public)
    created = own_applications.register(action.tx, action.caller, params, errors)
    return Redirect(f"{PATH}/{created.id}", "Application registered.", secret=created.client_secret)


@pages.get(ONE, template="apps/show", role="supervisor")
def show(view: View, application_id: int) -> Values:
    return {"app": own_applications.show(view.tx, view.caller, application_id), "secret": view.secret}


@pages.get(ONE + "/delete", template="apps/delete", role="supervisor")
def confirm_delete(view: View, application_id: int) -> Values:
    return {"app": own_applications.show(view.tx, view.caller, application_id)}


@pages.post(ONE + "/delete", role="supervisor")
def delete(action: Action, application_id: int) -> Redirect:
    name = own_applications.show(action.tx, action.caller, application_id).name
    own_applications.remove(action.tx, action.caller, application_id)
    return Redirect(PATH, f"{name} is removed, and its tokens have stopped working.")
