"""``/integrations/tokens``: the user's personal access tokens. A new one is shown once."""

from hourhook.domain import personal_tokens
from hourhook.domain.personal_tokens import TokenCreate
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/integrations/tokens"
pages = Pages()


@pages.get(PATH, template="tokens/list")
def index(view: View) -> Values:
    found = personal_tokens.list_page(view.tx, view.caller, view.pagination)
    return {
        "tokens": found.items,
        "total": found.total,
        "pagination": view.pagination,
        "secret": view.secret,
        "url": f"{view.links.root}/current_user",
    }


@pages.post(PATH)
def create(action: Action) -> Redirect:
    params, errors = action.parse(TokenCreate, resource="Token")
    return Redirect(PATH, secret=personal_tokens.create(action.tx, action.caller, params, errors))


@pages.post(PATH + "/{token_id}/revoke", refused_on=PATH)
def revoke(action: Action, token_id: int) -> Redirect:
    personal_tokens.revoke(action.tx, action.caller, token_id)
    return Redirect(PATH, "The token is revoked. A program that still uses it is refused.")
