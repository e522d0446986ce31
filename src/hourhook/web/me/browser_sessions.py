"""``/me/sessions``: where the user is signed in."""

import re

from hourhook.domain import sessions
from hourhook.web.forms import read_key
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/me/sessions"
# In this order, since browsers name others as well.
_BROWSERS = (
    ("Edge", r"Edg(A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrom(e|ium)/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("macOS", r"Mac OS X"),
    ("Linux", r"Linux"),
)
pages = Pages()


def name_browser(user_agent: str | None) -> str:
    """Return a name for a browser, such as ``Firefox on Linux``."""
    text = user_agent or ""
    browser = next((name for name, pattern in _BROWSERS if re.search(pattern, text)), "an unknown browser")
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, text)), None)
    return f"{browser} on {system}" if system else browser


@pages.get(PATH, template="me/sessions")
def index(view: View) -> Values:
    found = sessions.list_own(view.tx, view.caller, view.session_token)
    return {"sessions": [(name_browser(session.user_agent), session) for session in found]}


@pages.post(PATH + "/end", refused_on=PATH)
def end(action: Action) -> Redirect:
    sessions.end_own(action.tx, action.caller, read_key(action.fields.get("session", "")))
    return Redirect(PATH, "The session has ended.")
