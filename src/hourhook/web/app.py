"""The web app: the routes and route groups of all pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hourhook.domain import sign_in_links
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.middleware import Check, RouteGroup
from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web import (
    account,
    approvals,
    apps,
    audit,
    broadcasts,
    entries,
    entry_files,
    expenses,
    find,
    groups,
    help,
    inbox,
    integrations,
    log_time,
    projects,
    reports,
    tags,
    timers,
    today,
    tokens,
    weeks,
)
from hourhook.web.assets import asset_routes
from hourhook.web.auth import invitations
from hourhook.web.auth.invitations import Invitations
from hourhook.web.auth.known_browsers import KnownBrowsers
from hourhook.web.auth.oauth_consent import OAuthConsent
from hourhook.web.auth.sign_in import SignIn
from hourhook.web.auth.sign_in_links import SignInLinks
from hourhook.web.browser_cookies import BrowserCookies
from hourhook.web.invoices import changing as invoices_changing
from hourhook.web.invoices import creating as invoices_creating
from hourhook.web.invoices import items as invoices_items
from hourhook.web.invoices import listing as invoices_listing
from hourhook.web.invoices import showing as invoices_showing
from hourhook.web.live import Live, LiveHub
from hourhook.web.me import browser_sessions, password, preferences
from hourhook.web.page_dispatcher import PageDispatcher
from hourhook.web.pages import Page
from hourhook.web.people import changing as people_changing
from hourhook.web.people import showing as people_showing
from hourhook.web.people import teams
from hourhook.web.public import invoices, rehearsals
from hourhook.web.rendering import render
from hourhook.web.responses import empty_response
from hourhook.web.session_cookies import SessionCookies
from hourhook.web.webhooks import (
    acting,
    changing,
    creating,
    listing,
    payload_page,
    rehearsing,
    sending_tests,
    settings_page,
    showing,
)
from hourhook.web.welcome import Welcome

GROUPS = (
    today.pages,
    log_time.pages,
    timers.pages,
    weeks.pages,
    entries.pages,
    entry_files.pages,
    inbox.pages,
    approvals.pages,
    expenses.pages,
    projects.pages,
    groups.pages,
    tags.pages,
    invoices_listing.pages,
    invoices_creating.pages,
    invoices_showing.pages,
    invoices_changing.pages,
    invoices_items.pages,
    reports.pages,
    find.pages,
    integrations.pages,
    listing.pages,
    creating.pages,
    showing.pages,
    acting.pages,
    changing.pages,
    sending_tests.pages,
    rehearsing.pages,
    settings_page.pages,
    payload_page.pages,
    tokens.pages,
    broadcasts.pages,
    apps.pages,
    people_changing.pages,
    people_showing.pages,
    account.pages,
    audit.pages,
    teams.pages,
    preferences.pages,
    password.pages,
    browser_sessions.pages,
    help.pages,
)
SECRET_PREFIXES = (invitations.PREFIX, invoices.PREFIX, rehearsals.PREFIX, sign_in_links.PREFIX)


@dataclass(frozen=True, slots=True)
class WebApp:
    """The pages as an ASGI server takes them: an application for each path, and one for any other path."""

    routes: Mapping[str, Application]
    not_found: Application


def all_pages() -> list[Page]:
    return [page for group in GROUPS for page in group.all]


def make_web_app(
    settings: Settings,
    database: Database,
    dependencies: Dependencies,
    sign_in_throttle: SignInThrottle,
    live: LiveHub,
) -> WebApp:
    links = Links(settings.base_url or DEFAULT_BASE_URL)
    is_secure = links.base_url.startswith("https://")
    session_cookies = SessionCookies(dependencies.keyring, is_secure=is_secure)
    browser_cookies = BrowserCookies(dependencies.keyring, is_secure)
    known_browsers = KnownBrowsers(dependencies.keyring, is_secure=is_secure)
    dispatcher = PageDispatcher(
        database, links, dependencies, session_cookies, browser_cookies, sign_in_throttle.hashes
    )

    async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
        """Respond with a page to browsers, and with an empty 404 to programs."""
        accepted = b"".join(value for name, value in scope["headers"] if name == b"accept")
        is_browser = b"text/html" in accepted
        response = render("not_found", status=404, href=links.href) if is_browser else empty_response(404)
        await response(scope, receive, send)

    routes = {
        **asset_routes(),
        **dispatcher.routes(all_pages()),
        **Welcome(database, session_cookies, dependencies.keyring, links, sign_in_throttle.hashes).routes(),
        **Live(database, session_cookies, links, live).routes(),
        **SignIn(database, sign_in_throttle, session_cookies, browser_cookies, known_browsers, live, links).routes(),
        **SignInLinks(database, session_cookies, dependencies.keyring, links).routes(),
        **OAuthConsent(database, session_cookies, links).routes(),
        **invoices.invoice_routes(database),
        **rehearsals.rehearsal_routes(database),
        **Invitations(database, links, sign_in_throttle.hashes).routes(),
    }
    return WebApp(routes, not_found)


def web_route_groups(rate_limit: Check) -> Sequence[RouteGroup]:
    """Return the group of the public invoice pages, the only pages under the rate limit of the API."""
    return (RouteGroup(lambda path: path.startswith(invoices.PREFIX), (rate_limit,)),)
