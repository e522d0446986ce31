"""Who may open which page and do which act: each role, nobody, another account, and forms that were made elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hourhook.http.sign_in_throttle import SignInThrottle
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.web.app import all_pages, make_web_app
from hourhook.web.live import LiveHub
from hourhook.web.pages import Page
from tests.support.accounts import ROLES, Account
from tests.support.browsers import find_form
from tests.support.dependencies import DEPENDENCIES
from tests.support.events_of import EventReader
from tests.support.full_account import populate_account
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import Statements, capture_statements
from tests.web.test_pages import resolve

# The lowest role that opens the page (GET), and the lowest that does the act (POST): contractor, coworker (W), leader,
# supervisor, or none where there is no such page or act.
TABLE = """
C - /
S - /account
S - /account/audit
S - /approvals
S S /approvals/{week}
C - /days/{day}
C - /entries
C - /entries.csv
C - /entries.xlsx
C C /entries/delete
C C /entries/new
- C /entries/selected
C C /entries/{entry_id}
C C /entries/{entry_id}/delete
C C /entries/{entry_id}/edit
- C /entries/{entry_id}/repeat
C - /expenses
C C /expenses/new
C C /expenses/{expense_id}/delete
C C /expenses/{expense_id}/edit
C - /find
W - /groups
L L /groups/new
L L /groups/{project_group_id}/delete
L L /groups/{project_group_id}/edit
C - /help
C - /help/delivery
C - /help/events
C - /help/events/{event_type}
C - /help/verifying
C - /inbox
C C /inbox/{inbox_entry_id}
C C /inbox/{inbox_entry_id}/discard
- C /inbox/{inbox_entry_id}/log
C - /integrations
C - /integrations/apps
S S /integrations/apps/new
S - /integrations/apps/{application_id}
S S /integrations/apps/{application_id}/delete
- C /integrations/apps/{authorization_id}/revoke
C - /integrations/broadcasts
C C /integrations/broadcasts/new
C - /integrations/broadcasts/{broadcast_receiver_id}
C C /integrations/broadcasts/{broadcast_receiver_id}/delete
- C /integrations/broadcasts/{broadcast_receiver_id}/disable
C C /integrations/broadcasts/{broadcast_receiver_id}/edit
- C /integrations/broadcasts/{broadcast_receiver_id}/enable
C C /integrations/broadcasts/{broadcast_receiver_id}/reroll
C C /integrations/tokens
- C /integrations/tokens/{token_id}/revoke
L - /integrations/webhooks
L - /integrations/webhooks/check
L - /integrations/webhooks/example
L L /integrations/webhooks/new
L L /integrations/webhooks/try
L - /integrations/webhooks/{webhook_id}
- L /integrations/webhooks/{webhook_id}/answer
L L /integrations/webhooks/{webhook_id}/delete
L L /integrations/webhooks/{webhook_id}/disable
L L /integrations/webhooks/{webhook_id}/edit
- L /integrations/webhooks/{webhook_id}/enable
L L /integrations/webhooks/{webhook_id}/events
- L /integrations/webhooks/{webhook_id}/expire
L - /integrations/webhooks/{webhook_id}/history
L - /integrations/webhooks/{webhook_id}/payloads/{payload_id}
- L /integrations/webhooks/{webhook_id}/payloads/{payload_id}/send
- L /integrations/webhooks/{webhook_id}/ping
L L /integrations/webhooks/{webhook_id}/replay
L L /integrations/webhooks/{webhook_id}/reroll
- L /integrations/webhooks/{webhook_id}/retry
L - /integrations/webhooks/{webhook_id}/secret
L L /integrations/webhooks/{webhook_id}/settings
L L /integrations/webhooks/{webhook_id}/skip
L L /integrations/webhooks/{webhook_id}/test
L - /invoices
L L /invoices/new
L - /invoices/preview
L - /invoices/{invoice_id}
L L /invoices/{invoice_id}/add
L L /invoices/{invoice_id}/delete
L L /invoices/{invoice_id}/edit
L L /invoices/{invoice_id}/entries
L L /invoices/{invoice_id}/expenses
- L /invoices/{invoice_id}/paid
- L /invoices/{invoice_id}/taxes
- L /invoices/{invoice_id}/unpaid
- C /log
C - /log/preview
- C /log/undo
C C /me
C C /me/password
C - /me/sessions
- C /me/sessions/end
- C /me/theme
W - /people
S S /people/new
W - /people/{user_id}
S S /people/{user_id}/access
- S /people/{user_id}/activate
S S /people/{user_id}/deactivate
S S /people/{user_id}/delete
S S /people/{user_id}/edit
- S /people/{user_id}/invite
C - /projects
L L /projects/new
C - /projects/{project_id}
L L /projects/{project_id}/archive
L L /projects/{project_id}/delete
L L /projects/{project_id}/edit
L L /projects/{project_id}/merge
- L /projects/{project_id}/unarchive
C - /reports
C - /reports/time.csv
C - /reports/time.xlsx
C - /tags
L L /tags/{tag_id}/delete
L L /tags/{tag_id}/edit
L L /tags/{tag_id}/merge
W - /teams
S S /teams/new
S S /teams/{team_id}/delete
S S /teams/{team_id}/edit
C - /timers
- C /timers/start
- C /timers/{project_id}/adjust
C C /timers/{project_id}/discard
- C /timers/{project_id}/inbox
- C /timers/{project_id}/log
- C /timers/{project_id}/pause
- C /timers/{project_id}/start
C - /weeks
C C /weeks/{week}
- C /weeks/{week}/rows
"""
LETTERS = {"C": "contractor", "W": "coworker", "L": "leader", "S": "supervisor"}
LOWEST = {
    (method, path): LETTERS[letter]
    for get, post, path in (line.split() for line in TABLE.strip().splitlines())
    for method, letter in (("GET", get), ("POST", post))
    if letter != "-"
}
# These are for everybody, or check a secret of their own; see `auth/`, `public/` and the tests named as they are.
OUTSIDE = {
    "/welcome", "/sign_in", "/sign_in/link/{code}", "/sign_out", "/me/account", "/live", "/oauth/2/authorize",
    "/i/{token}", "/invitations/{token}", "/rehearsals/{key}",
}  # fmt: skip
# These need more than an address: what fails, what is the person's own, or (an entry) what only a supervisor does.
NEED_MORE = {
    "/entries/{entry_id}", "/integrations/webhooks/{webhook_id}/skip", "/integrations/tokens/{token_id}/revoke",
    "/integrations/apps/{authorization_id}/revoke", "/me/sessions/end", "/log/undo",
    "/timers/{project_id}/inbox", "/timers/{project_id}/discard",
}  # fmt: skip
# An act that ends what later ones are about comes last.
LAST = ("/discard", "/log", "/inbox", "/delete", "/merge", "/archive", "/end")


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Only SQLite: what a role may do does not depend on the database."""
    with request.getfixturevalue("_sqlite_files").fresh(tmp_path) as url:
        yield url


def is_allowed(role: str, page: Page) -> bool:
    return ROLES.index(role) <= ROLES.index(LOWEST[page.method, page.path])


def pages_of(method: str) -> list[Page]:
    """Return the pages or the acts, in an order in which each still finds what it is about."""
    found = [page for page in all_pages() if page.method == method]
    return sorted(found, key=lambda page: page.path.endswith(LAST))


def changes(statements: Statements) -> list[str]:
    return [text for text in statements if text.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_the_table_has_each_page_and_each_act(database: Database) -> None:
    declared = {(page.method, page.path): page.role for page in all_pages()}
    throttle = SignInThrottle(None, database.clock)
    routes = make_web_app(Settings(), database, DEPENDENCIES, throttle, LiveHub()).routes

    assert declared == LOWEST
    assert {path for path in routes if not path.startswith("/assets/")} == OUTSIDE | {path for _, path in LOWEST}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_pages_and_no_others(account: Account, role: str) -> None:
    ids = populate_account(account, "first", actor=account.people[role])
    browser = signed_in_browser(account, account.people[role])
    wrong = []
    for page in pages_of("GET"):
        status = browser.get(resolve(page, ids)).status
        if status not in ((200, 303) if is_allowed(role, page) else (404,)):
            wrong.append((page.path, status))

    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_its_acts_and_no_others(account: Account, role: str) -> None:
    ids = populate_account(account, "first", actor=account.people[role])
    browser = signed_in_browser(account, account.people[role])
    fields = find_form(browser.get("/me"), "/me").fields
    refused = [page for page in pages_of("POST") if not is_allowed(role, page)]
    with capture_statements(account.database) as statements:
        done = [(page.path, browser.post(resolve(page, ids), fields).status) for page in refused]

    assert [(path, status) for path, status in done if status != 404] == []
    assert changes(statements) == []

    fields = {"csrf_token": fields["csrf_token"]}
    offered = [page for page in pages_of("POST") if is_allowed(role, page)]
    done = [(page.path, browser.post(resolve(page, ids), fields).status) for page in offered]
    assert [(path, status) for path, status in done if status not in (303, 422) and path not in NEED_MORE] == []


def test_nobody_opens_a_page_or_does_an_act_without_signing_in(account: Account) -> None:
    ids = populate_account(account)
    browser = signed_in_browser(account, account.owner)
    fields = find_form(browser.get("/me"), "/me").fields
    browser.cookies.clear()
    wrong = []
    with capture_statements(account.database) as statements:
        for page in all_pages():
            path = resolve(page, ids)
            if page.method == "GET":
                response = browser.get(path)
                is_led_in = response.status == 303 and response.headers["location"].startswith("/sign_in")
            else:
                is_led_in = browser.post(path, fields).status == 403
            wrong += [] if is_led_in else [(page.method, page.path)]

    assert wrong == []
    assert changes(statements) == []


def test_no_page_and_no_act_reaches_another_account(account: Account, other_account: Account) -> None:
    ids = populate_account(other_account, "other", actor=other_account.owner)
    browser = signed_in_browser(account, account.owner)
    fields: dict[str, Any] = {
        "csrf_token": find_form(browser.get("/me"), "/me").fields["csrf_token"],
        "name": "taken",
        "into": str(ids["project_id"]),
    }
    reader = EventReader(other_account)
    # What belongs to the session, or is named by a date, is in no other account.
    about_ids = [page for page in all_pages() if any(f"{{{name}}}" in page.path for name in ids)]
    wrong = []
    with capture_statements(account.database) as statements:
        for page in about_ids:
            path = resolve(page, ids)
            status = browser.get(path).status if page.method == "GET" else browser.post(path, fields).status
            wrong += [] if status == 404 else [(page.method, page.path, status)]

    assert (len(about_ids) > 100, wrong) == (True, [])
    assert changes(statements) == []
    assert reader.read_new() == []


@pytest.mark.parametrize("origin", ["no proof", "another session", "another site"])
def test_a_form_that_was_made_elsewhere_does_nothing(account: Account, origin: str) -> None:
    ids = populate_account(account, actor=account.owner)
    browser, other = signed_in_browser(account, account.owner), signed_in_browser(account, account.owner)
    maker = other if origin == "another session" else browser
    token = "" if origin == "no proof" else find_form(maker.get("/me"), "/me").fields["csrf_token"]
    headers = {"sec-fetch-site": "cross-site"} if origin == "another site" else {}
    acts = [resolve(page, ids) for page in all_pages() if page.method == "POST"]
    with capture_statements(account.database) as statements:
        done = [(act, browser.post(act, {"csrf_token": token}, **headers).status) for act in acts]

    assert [(act, status) for act, status in done if status != 403] == []
    assert changes(statements) == []
