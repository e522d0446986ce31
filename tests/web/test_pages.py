"""What all pages of the app have in common: policy, roles, forms, accounts, messages, statement counts."""

import re
from collections.abc import Mapping

import pytest

from hourhook.domain import sessions
from hourhook.domain.callers import ROLES
from hourhook.web.app import all_pages
from hourhook.web.assets import assets
from hourhook.web.pages import Page
from hourhook.web.rendering import APP_POLICY
from tests.support.accounts import Account
from tests.support.browsers import Browser, find_form
from tests.support.factories import make_project, start_timer
from tests.support.full_account import populate_account
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements

DAY = "2024-05-21"
MAX_STATEMENTS = 8
# The pages that show a lane and its log.
MAX_STATEMENTS_OF = {
    "/reports": 6,
    # With sums by person, week and tag, and the last entries and expenses.
    "/projects/{project_id}": 12,
    # With the rates of the last invoice of the same projects.
    "/invoices/new": 11,
    "/invoices/preview": 11,
    # With all its parts.
    "/invoices/{invoice_id}": 12,
    "/invoices/{invoice_id}/edit": 9,
    "/integrations/webhooks/{webhook_id}": 12,
    "/integrations/webhooks/{webhook_id}/payloads/{payload_id}": 12,
}
# The values of parameters that are no ids.
TEXTS = {"day": DAY, "week": "2024-W21", "event_type": "entry.updated.approved"}
PAGES = [page for page in all_pages() if page.method == "GET"]


@pytest.mark.parametrize("role", ROLES)
def test_a_page_redirects_only_to_pages_that_the_role_sees(account: Account, role: str) -> None:
    ids = populate_account(account, "first", actor=account.people[role])
    browser = signed_in_browser(account, account.people[role])
    for page in PAGES:
        response = browser.get(resolve(page, ids))
        if response.status == 303:
            assert browser.follow_redirects(response).status == 200, page.path


def test_a_page_takes_few_statements(account: Account) -> None:
    ids = populate_account(account, "first", actor=account.owner)
    browser = signed_in_browser(account, account.owner)
    many = []
    for page in PAGES:
        with capture_statements(account.database) as statements:
            browser.get(resolve(page, ids))
        if len(statements) > MAX_STATEMENTS_OF.get(page.path, MAX_STATEMENTS):
            many.append(f"{page.path}: {len(statements)}\n{statements}")

    assert many == []


def test_every_page_has_the_policy_of_the_app_and_is_not_stored(account: Account) -> None:
    ids = populate_account(account, "first", actor=account.owner)
    browser = signed_in_browser(account, account.owner)
    for page in PAGES:
        response = browser.get(resolve(page, ids))
        if response.status == 200:
            assert response.headers["content-security-policy"] == APP_POLICY, page.path
            assert response.headers["cache-control"] == "no-store"
            assert b' style="' not in response.body


def test_assets_are_immutable_and_compressed(account: Account) -> None:
    page = signed_in_browser(account, account.owner).get("/").body.decode()
    paths = re.findall(r'"(/assets/[^"]+)"', page)
    assert len(paths) == 3
    for path in paths:
        plain, compressed = account.client.get(path), account.client.get(path, accept_encoding="br, gzip")
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "content-encoding" not in plain.headers
        assert compressed.headers["content-encoding"] == "gzip"
        assert len(compressed.body) < len(plain.body)
        assert plain.headers["vary"] == "accept-encoding"


def test_a_first_view_weighs_little(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    page = browser.get("/").body.decode()
    folder = re.findall(r'"(/assets/[0-9a-f]+)/', page)[0]
    weight = len(page) + sum(
        len(account.client.get(f"{folder}/{name}", accept_encoding="gzip").body) for name in assets()
    )
    assert weight < 60_000


def test_a_visitor_is_led_to_the_page_after_signing_in(account: Account) -> None:
    response = account.client.with_token(None).get("/integrations/webhooks?page=2")

    assert response.status == 303
    assert response.headers["location"] == "/sign_in?next=%2Fintegrations%2Fwebhooks%3Fpage%3D2"


def test_a_locked_account_shows_a_notice(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    account.change_settings(locked="on")

    response = browser.get("/")

    assert (response.status, b"locked for maintenance" in response.body) == (503, True)


@pytest.mark.parametrize("csrf_token", ["", "0" * 64, "ü"])
def test_a_form_without_proof_is_refused(account: Account, csrf_token: str) -> None:
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get("/"), "/log", line="45m", csrf_token=csrf_token)

    assert response.status == 403
    assert b"was not sent from this server" in response.body
    assert account.owner.client.get("/v2/entries").json() == []


def test_a_form_made_for_another_account_is_refused_in_words(account: Account, other_account: Account) -> None:
    browser = signed_in_to_both(account, other_account)
    page = browser.get("/")
    form = find_form(page, "/me/account")
    browser.send(form, account=str(other_account.id))

    response = browser.submit_to(page, "/log", line="45m")

    assert response.status == 403
    assert b"made for the account northwind, but you are now in the account southwind" in response.body
    for owner in (account.owner, other_account.owner):
        assert owner.client.get("/v2/entries").json() == []


def test_a_session_with_two_accounts_switches_between_them(account: Account, other_account: Account) -> None:
    browser = signed_in_to_both(account, other_account)
    page = browser.get("/")
    assert b"Switch to southwind" in page.body

    response = browser.submit_to(page, "/me/account", account=str(other_account.id))

    assert (response.status, response.headers["location"]) == (303, "/")
    assert b"Switch to northwind" in browser.get("/").body


def test_a_session_cannot_switch_to_an_account_that_is_not_in_it(account: Account, other_account: Account) -> None:
    third = signed_in_to_both(account, other_account)
    alone = signed_in_browser(account, account.owner)
    fields = {**find_form(third.get("/"), "/me/account").fields, "account": str(other_account.id)}
    fields["csrf_token"] = find_form(alone.get("/"), "/sign_out").fields["csrf_token"]

    assert alone.post("/me/account", fields).status == 404


def test_a_page_of_another_account_is_not_found(account: Account, other_account: Account) -> None:
    project = make_project(other_account)
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get("/"), "/log", line="45m", project=f"id:{project['id']}")

    # The project counts as none.
    assert response.status == 303
    [entry] = account.owner.client.get("/v2/entries").json()
    assert entry["project"] is None


def test_a_refused_form_shows_what_was_typed_and_why(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get("/"), "/log", line='"><script>alert(1)</script>')

    assert response.status == 422
    page = response.body.decode()
    assert "<title>Not saved: Today" in page
    assert "&#34;&gt;&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert 'aria-invalid="true" autofocus' in page
    assert "Say how long it took, such as 45m or 1:15." in page


def test_the_message_after_a_redirect_is_shown_once(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)

    browser.submit_to(browser.get("/"), "/log", line="45m")

    assert "Logged 45\N{NO-BREAK SPACE}min without a project." in browser.get("/").body.decode()
    assert b"Logged 45" not in browser.get("/").body


def test_a_forged_message_is_not_shown(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    browser.submit_to(browser.get("/"), "/log", line="45m")
    signature, _, encoded = browser.cookies["hourhook-message"].partition(".")
    browser.cookies["hourhook-message"] = f"{signature}.{encoded[:-8]}AAAAAAA="

    assert b'role="status"' not in browser.get("/").body


@pytest.mark.parametrize(
    ("zone", "label"),
    [("Asia/Kolkata", "Asia/Kolkata (UTC+5:30)"), ("nowhere", "UTC"), ("../etc", "UTC"), ("ü" * 80, "UTC")],
)
def test_times_are_in_the_zone_of_the_browser(account: Account, zone: str, label: str) -> None:
    browser = signed_in_browser(account, account.owner)
    browser.cookies["hourhook-zone"] = zone.encode().decode("latin-1")

    assert f"Times in {label}</span>" in browser.get("/").body.decode()


def test_the_running_timer_is_on_every_page(account: Account) -> None:
    start_timer(account.owner, make_project(account, "Harbour map"))
    browser = signed_in_browser(account, account.owner)

    page = browser.get("/integrations/webhooks").body.decode()

    assert re.search(r'data-ticking="\d+" role="timer">0:00:0', page)
    assert "Harbour map" in page


def signed_in_to_both(account: Account, other_account: Account) -> Browser:
    """Return a browser whose session holds both accounts; the first is current."""
    browser = signed_in_browser(account, account.owner)
    token = browser.cookies["hourhook"].partition(".")[0]
    other_account.database.write_now(other_account.id, sessions.begin, token, other_account.owner.id)
    return browser


def resolve(page: Page, ids: Mapping[str, object]) -> str:
    """Return the path of a page, with ids of objects that the account has."""
    return page.path.format(**{"token_id": 1, "authorization_id": 1, **ids, **TEXTS})
