"""``/integrations``: the entrance to webhooks, broadcasts, tokens and connected apps."""

from hourhook.web.pages import Pages, Redirect, View

pages = Pages()


@pages.get("/integrations")
def integrations(view: View) -> Redirect:
    return Redirect("/integrations/webhooks" if view.caller.has_role("leader") else "/integrations/broadcasts")
