"""``/me``: preferences of the user, and of this browser."""

from hourhook import time_zones
from hourhook.domain import current_users
from hourhook.domain.current_users import CurrentUserUpdate
from hourhook.domain.users import storing
from hourhook.web.browser_cookies import KEYS, THEME, THEMES, ZONE
from hourhook.web.forms import FormFields, safe_redirect_path
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/me"
_REPORTS = ("send_personal_weekly_report", "send_team_weekly_report")
pages = Pages()


@pages.get(PATH, template="me/preferences")
def show(view: View) -> Values:
    stored = view.caller.time_zone
    # Who has never chosen a zone is offered that of the browser.
    zone = (view.display.zone_name or stored) if stored == "UTC" else stored
    choices = time_zones.choices()
    return {
        "me": current_users.show(view.tx, view.caller),
        "zone": zone,
        "zones": [(name, name.replace("_", " ")) for name in (choices if zone in choices else (zone, *choices))],
    }


@pages.post("/me/theme", refused_on=PATH)
def change_theme(action: Action) -> Redirect:
    """Change the theme from the person menu, and go back to the page."""
    path = safe_redirect_path(action.fields.get("next", "")) or PATH
    return Redirect(path, cookies={THEME: _theme(action.fields)})


@pages.post(PATH)
def save(action: Action) -> Redirect:
    reports = {name: name in action.fields for name in _REPORTS}
    params, errors = action.parse(CurrentUserUpdate, resource="User", **reports)
    zone = ""
    try:
        zone = time_zones.parse_zone(action.fields.get("time_zone", "").strip())
    except ValueError:
        errors.add("time_zone", "invalid")
    current_users.edit(action.tx, action.caller, params, errors)
    if zone != action.caller.time_zone:
        storing.set_time_zone(action.tx, action.caller.user_id, zone)
    cookies = {
        # An offset is not a zone of the browser, which then finds its own.
        ZONE: zone if zone in time_zones.choices() else "",
        THEME: _theme(action.fields),
        KEYS: "" if "keys" in action.fields else "off",
    }
    return Redirect(PATH, "Saved.", cookies=cookies)


def _theme(fields: FormFields) -> str:
    """Return the value of the cookie of the chosen theme; empty for that of the system."""
    theme = fields.get("theme", "")
    return theme if theme in THEMES and theme != "system" else ""
