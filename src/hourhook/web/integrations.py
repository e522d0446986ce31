"""``/integrations``: the entrance to webhooks, broadcasts, tokens and connected apps."""

from hourhook.web.frame import INTEGRATIONS
from hourhook.web.pages import Pages, Redirect, View

pages = Pages()


@pages.get("/integrations")
def integrations(view: View) -> Redirect:
    """Lead to the first of these pages that the user may open."""
    return Redirect(next(place.path for place in INTEGRATIONS if place.is_open_to(view.caller, view.paths)))
