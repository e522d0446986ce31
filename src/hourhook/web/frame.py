"""The frame of every page of the app: what is around its own content (``docs/contributing/web.md``)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hourhook import __version__
from hourhook.domain.callers import Caller
from hourhook.domain.sessions import SessionMember
from hourhook.domain.timers import reading as timers
from hourhook.domain.timers.representations import Timer
from hourhook.store.transaction import Transaction
from hourhook.web.browser_cookies import Message
from hourhook.web.display import Display


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the navigation: its page, who sees it, and the key that goes there after ``g``."""

    label: str
    path: str
    role: str = "contractor"
    feature: str | None = None
    key: str = ""
    # What the navigation shows instead of the label where there is little room; it is part of the label.
    short: str = ""

    def is_open_to(self, caller: Caller, paths: Collection[str]) -> bool:
        """Return whether the page exists and this caller may open it."""
        if self.path not in paths or not caller.has_role(self.role):
            return False
        return self.feature is None or caller.has_feature(self.feature)


MAIN = (
    Place("Today", "/", key="d"),
    Place("Week", "/weeks", key="w"),
    Place("Entries", "/entries", key="e"),
    Place("Projects", "/projects", key="p"),
    Place("Invoices", "/invoices", "leader", "invoicing"),
    Place("Reports", "/reports", key="r"),
    Place("People", "/people", "coworker"),
    Place("Integrations & Connected Apps", "/integrations", key="i", short="Integrations"),
)
INTEGRATIONS = (
    Place("Webhooks", "/integrations/webhooks", "leader"),
    Place("Broadcasts", "/integrations/broadcasts"),
    Place("Personal access tokens", "/integrations/tokens"),
    Place("Connected apps", "/integrations/apps"),
)
PERSONAL = (
    Place("Find", "/find"),
    Place("Inbox", "/inbox"),
    Place("Timers", "/timers"),
    Place("Expenses", "/expenses"),
    Place("Approvals", "/approvals", "supervisor", "approvals"),
    Place("Preferences", "/me"),
    Place("Password", "/me/password"),
    Place("Sessions", "/me/sessions"),
    Place("Account", "/account", "supervisor"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the layout shows around a page."""

    main: Sequence[Place]
    integrations: Sequence[Place]
    personal: Sequence[Place]
    member: SessionMember
    members: Sequence[SessionMember]
    path: str
    timer: Timer | None
    message: Message | None
    paths: Collection[str] = ()
    version: str = __version__

    @property
    def is_leader(self) -> bool:
        return self.member.caller.has_role("leader")

    def has_page(self, path: str) -> bool:
        return path in self.paths

    def is_current(self, place: Place) -> bool:
        """Return whether the page belongs to this place."""
        if place.path == "/":
            return self.path == "/" or self.path.startswith("/days/")
        return self.path == place.path or self.path.startswith(f"{place.path}/")


def build_frame(
    tx: Transaction,
    member: SessionMember,
    members: Sequence[SessionMember],
    path: str,
    paths: Collection[str],
    message: Message | None,
    display: Display,
    running: Sequence[Timer] | None = None,
) -> Frame:
    """Read what the frame needs, with one statement at most; ``paths`` are those of all pages.

    ``running`` is the running timer, if the page has read it already.
    """
    caller = member.caller

    def visible(places: Sequence[Place]) -> list[Place]:
        return [place for place in places if place.is_open_to(caller, paths)]

    return Frame(
        main=visible(MAIN),
        integrations=visible(INTEGRATIONS),
        personal=visible(PERSONAL),
        member=member,
        members=members,
        path=path,
        timer=timers.find_running(tx, caller) if running is None else next(iter(running), None),
        message=message,
        paths=paths,
    )


def csrf_field(token: str) -> Markup:
    """Return the hidden field that proves where a form comes from."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token)
